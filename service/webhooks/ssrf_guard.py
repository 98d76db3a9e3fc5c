"""SSRF guard: resolution of hosts, and the check that addresses are public."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from service.webhooks.special_addresses import is_special

# Resolves host and port to addresses, in the order in which to try them.
Resolver = Callable[[str, int], "Future[tuple[str, ...]]"]

# The last 32 bits are the IPv4 address to which a gateway translates (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


class UnresolvedError(Exception):
    """The host has no address."""


def look_up(host: str, port: int) -> "Future[tuple[str, ...]]":
    """Resolve a host with the system's resolver; the future may raise UnresolvedError.

    Runs in a daemon thread that is never joined: a resolver can block for half a minute and cannot
    be interrupted, and must delay neither other calls nor the end of the process.
    """
    found: Future[tuple[str, ...]] = Future()
    threading.Thread(
        target=_look_up, args=(host, port, found), name="resolver", daemon=True
    ).start()
    return found


def _look_up(host: str, port: int, found: "Future[tuple[str, ...]]") -> None:
    # From here on the future cannot be cancelled.
    if not found.set_running_or_notify_cancel():
        return
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        # ValueError: a name that cannot be encoded for a query.
        found.set_exception(UnresolvedError(f"{host} has no address: {type(error).__name__}"))
    else:
        found.set_result(tuple(dict.fromkeys(str(row[4][0]) for row in rows)))


def is_public(address: str) -> bool:
    """Whether the address, and any IPv4 address embedded in it, is public."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        embedded = _embedded_ipv4(parsed)
        if embedded is not None:
            return not any(map(is_special, embedded))
    return not is_special(parsed)


def _embedded_ipv4(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """Return the IPv4 addresses that packets to this one reach; None if it embeds none."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return None
