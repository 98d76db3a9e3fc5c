"""SSRF guard: detection of non-public addresses in every notation, and name resolution."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import pytest

from service.webhooks.special_addresses import (
    GLOBAL_UNICAST,
    SPECIAL_IPV4,
    SPECIAL_IPV6,
    is_special,
)
from service.webhooks.ssrf_guard import UnresolvedError, is_public, look_up
from service.webhooks.url import InvalidWebhookUrlError, parse_webhook_url


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.32.0.1",
        "168.63.129.15",
        "192.0.1.1",
        "192.89.0.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "64:ff9b::808:808",
    ],
)
def test_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "168.63.129.16",
        "192.0.0.8",
        "192.0.0.9",
        "192.0.0.192",
        "192.0.2.1",
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
        "198.18.0.1",
        "198.19.255.255",
        "100.100.100.200",
        "192.88.99.1",
        "192.168.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "::ffff:168.63.129.16",
        "::ffff:192.0.0.192",
        "64:ff9b::c000:c0",
        "2002:c000:c0::1",
        "2002:a83f:8110::1",
        "2001:1::1",
        "2001:20::1",
        "2001:1ff::1",
        "2620:4f:8000::1",
        "2001::1",
        "2001:0:808:808::80ff:fffe",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ],
)
def test_address_is_not_public(address: str) -> None:
    assert not is_public(address)


BLOCKS: list[IPv4Network | IPv6Network] = [*SPECIAL_IPV4, *SPECIAL_IPV6]


@pytest.mark.parametrize("network", BLOCKS, ids=str)
def test_block_is_refused_as_a_whole_and_its_neighbours_are_not_taken_along(
    network: IPv4Network | IPv6Network,
) -> None:
    first, last = network.network_address, network.broadcast_address
    assert not is_public(str(first))
    assert is_special(first)
    assert is_special(last)
    for neighbour in _neighbours(network):
        is_in_another = any(neighbour in one for one in BLOCKS)
        is_outside = isinstance(neighbour, IPv6Address) and neighbour not in GLOBAL_UNICAST
        assert is_special(neighbour) == (is_in_another or is_outside)


def _neighbours(
    network: IPv4Network | IPv6Network,
) -> Iterator[IPv4Address | IPv6Address]:
    if int(network.network_address):
        yield network.network_address - 1
    if int(network.broadcast_address) < 2**network.max_prefixlen - 1:
        yield network.broadcast_address + 1


# Every row of the IANA registries of special-purpose addresses, in their order.
REGISTRIES = [
    "0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32",
    "192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.88.99.2/32", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32",
    "::1/128", "::/128", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32",
    "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32",
    "2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32",
    "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
]  # fmt: skip
# Blocks that embed IPv4 addresses, which are checked instead: their own addresses may be public.
EMBEDDING = {"::ffff:0:0/96": 0, "64:ff9b::/96": 0, "2002::/16": 80}


@pytest.mark.parametrize("block", REGISTRIES)
def test_row_of_the_registries_is_refused_as_a_whole(block: str) -> None:
    network = ip_network(block)
    assert is_special(network.network_address)
    assert is_special(network.broadcast_address)
    assert not is_public(str(network.network_address))


@pytest.mark.parametrize("block", EMBEDDING)
@pytest.mark.parametrize(
    "inner", [*(one for one in REGISTRIES if "." in one), "168.63.129.16/32", "224.0.0.0/4"]
)
def test_embedded_row_of_the_registries_is_refused(block: str, inner: str) -> None:
    outer = ip_network(block)
    for embedded in (ip_network(inner).network_address, ip_network(inner).broadcast_address):
        address = int(outer.network_address) | int(embedded) << EMBEDDING[block]
        assert not is_public(str(IPv6Address(address)))


def test_the_table_is_stricter_than_the_one_of_python() -> None:
    firsts = [IPv4Address(number << 16) for number in range(2**16)]
    assert not [str(one) for one in firsts if not one.is_global and not is_special(one)]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "017700000001", "127.1"]
)
def test_every_notation_of_an_address_is_parsed(host: str) -> None:
    assert look_up(host, 80).result(10) == ("127.0.0.1",)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "a..b", "%31", "fe80::1%25x"])
def test_host_without_an_address(host: str) -> None:
    with pytest.raises(UnresolvedError):
        look_up(host, 80).result(10)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "http"),
        ("nothing", "http"),
        ("//h/", "http"),
        ("ftp://h/", "http"),
        ("file:///etc/passwd", "http"),
        ("http://", "host"),
        ("http:///path", "host"),
        ("http:h", "host"),
        ("http://user@h/", "user"),
        ("http://user:word@h/", "user"),
        ("http://h\\@evil/", "user"),
        ("http://h/#part", "fragment"),
        ("http://h#", "fragment"),
        ("http://h:0/", "port"),
        ("http://h:65536/", "port"),
        ("http://h:-1/", "port"),
        ("http://h:x/", "not a URL"),
        ("http://[::1", "not a URL"),
        ("http://h/\n", "not a URL"),
        ("http://\ud800/", "not a URL"),
    ],
)
def test_url_that_cannot_be_called(url: str, why: str) -> None:
    with pytest.raises(InvalidWebhookUrlError, match=why):
        parse_webhook_url(url)


def test_pinned_url_has_the_address_and_keeps_the_host_header() -> None:
    target = parse_webhook_url("https://münchen.example:8443/ä?b=1")
    assert (target.host, target.port) == ("xn--mnchen-3ya.example", 8443)
    assert target.host_header == "xn--mnchen-3ya.example:8443"
    assert str(target.at("2606:4700::1")) == "https://[2606:4700::1]:8443/%C3%A4?b=1"
