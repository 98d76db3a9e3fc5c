"""Address blocks that no webhook may reach, whatever the version of Python.

Sources: the IANA registries of special-purpose addresses
(https://www.iana.org/assignments/iana-ipv4-special-registry/ and
https://www.iana.org/assignments/iana-ipv6-special-registry/) and the multicast block, as known on
1 December 2026. Blocks within a listed one are not repeated. Blocks that the registries call
globally reachable are listed, too: their addresses are of protocols, not of web servers.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

SPECIAL_IPV4 = {
    IPv4Network("0.0.0.0/8"): "this network, RFC 791",
    IPv4Network("10.0.0.0/8"): "private use, RFC 1918",
    IPv4Network("100.64.0.0/10"): "shared address space, RFC 6598; metadata of Alibaba Cloud",
    IPv4Network("127.0.0.0/8"): "loopback, RFC 1122",
    IPv4Network("168.63.129.16/32"): "services of Azure's host; in no registry",
    IPv4Network("169.254.0.0/16"): "link local, RFC 3927; metadata of most clouds",
    IPv4Network("172.16.0.0/12"): "private use, RFC 1918",
    IPv4Network("192.0.0.0/24"): "IETF protocol assignments, RFC 6890; metadata of Oracle Cloud",
    IPv4Network("192.0.2.0/24"): "documentation, RFC 5737",
    IPv4Network("192.31.196.0/24"): "AS112, RFC 7535",
    IPv4Network("192.52.193.0/24"): "AMT, RFC 7450",
    IPv4Network("192.88.99.0/24"): "relays of 6to4, deprecated, RFC 7526",
    IPv4Network("192.168.0.0/16"): "private use, RFC 1918",
    IPv4Network("192.175.48.0/24"): "direct delegation to AS112, RFC 7534",
    IPv4Network("198.18.0.0/15"): "benchmarking, RFC 2544",
    IPv4Network("198.51.100.0/24"): "documentation, RFC 5737",
    IPv4Network("203.0.113.0/24"): "documentation, RFC 5737",
    IPv4Network("224.0.0.0/4"): "multicast, RFC 5771",
    IPv4Network("240.0.0.0/4"): "reserved, RFC 1112, and limited broadcast, RFC 8190",
}
# All public IPv6 addresses are in this block; the others are local, reserved or unassigned.
GLOBAL_UNICAST = IPv6Network("2000::/3")
SPECIAL_IPV6 = {
    IPv6Network("2001::/23"): "IETF protocol assignments, RFC 2928, with Teredo and ORCHID",
    IPv6Network("2001:db8::/32"): "documentation, RFC 3849",
    IPv6Network("2002::/16"): "6to4, RFC 3056",
    IPv6Network("2620:4f:8000::/48"): "direct delegation to AS112, RFC 7534",
    IPv6Network("3fff::/20"): "documentation, RFC 9637",
}


def is_special(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is in a special block, or not in the block of public IPv6 addresses."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in SPECIAL_IPV4)
    return address not in GLOBAL_UNICAST or any(address in network for network in SPECIAL_IPV6)
