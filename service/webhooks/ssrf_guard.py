"""Which addresses a host's name stands for, and whether they belong to the public Internet."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# Host and port to the addresses, in the order in which they are to be tried.
Resolver = Callable[[str, int], "Future[tuple[str, ...]]"]

# Only here are public addresses of IPv6; what lies outside is local, reserved or not given out.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Examples in documents; Python 3.11 takes them for public.
_DOCUMENTATION = IPv6Network("3fff::/20")
# The last 32 bits are the IPv4 address that a gateway calls (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")
# A relay of 6to4, given up (RFC 7526).
_RELAY = "192.88.99."


class UnresolvedError(Exception):
    """The host has no address."""


def look_up(host: str, port: int) -> "Future[tuple[str, ...]]":
    """Ask the system's resolver; the future may hold an UnresolvedError.

    In a thread of its own that nobody waits for: a resolver can be silent for half a minute and
    cannot be interrupted, and must delay neither other calls nor the end of the process.
    """
    found: Future[tuple[str, ...]] = Future()
    threading.Thread(
        target=_look_up, args=(host, port, found), name="resolver", daemon=True
    ).start()
    return found


def _look_up(host: str, port: int, found: "Future[tuple[str, ...]]") -> None:
    # From here on nobody can cancel it.
    if not found.set_running_or_notify_cancel():
        return
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        # ValueError: a name that cannot even be asked for.
        found.set_exception(UnresolvedError(f"{host} has no address: {type(error).__name__}"))
    else:
        found.set_result(tuple(dict.fromkeys(str(row[4][0]) for row in rows)))


def is_public(address: str) -> bool:
    """Whether the address, and the one that it leads to, belong to the public Internet."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return _is_public_v4(parsed)
    inner = _unwrap(parsed)
    if inner is not None:
        return all(_is_public_v4(address) for address in inner)
    return parsed.is_global and parsed in _GLOBAL_UNICAST and parsed not in _DOCUMENTATION


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not str(address).startswith(_RELAY)


def _unwrap(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """The IPv4 addresses that packets to this one come to; None if it wraps none."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    return None
