"""The API's listening sockets, bound first so that a port in use is reported immediately."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cli.errors import CommandError
from store.settings import Settings

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address. Raises CommandError if that fails."""
    return _listen(host, port, 1)[0]


@contextmanager
def listen_together(host: str, port: int, count: int) -> Iterator[list[socket.socket]]:
    """Return `count` sockets that listen on one address, and close them at the end of the block.

    The kernel assigns each new connection to one of them. Raises CommandError if the address is in
    use or unknown.
    """
    if count > 1 and sys.platform != "linux":
        msg = "several API processes on one port need Linux, which divides the connections"
        raise CommandError(msg)
    listeners = _listen(host, port, count)
    try:
        yield listeners
    finally:
        close_all(listeners)


def close_all(listeners: list[socket.socket]) -> None:
    """Close sockets; those that are already closed are left alone."""
    for listener in listeners:
        listener.close()


def _listen(host: str, port: int, count: int) -> list[socket.socket]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listeners = [socket.socket(family, kind, protocol) for _ in range(count)]
    except OSError as error:
        msg = f"cannot listen on {host}: {error.strerror or error}"
        raise CommandError(msg) from error
    try:
        _bind_all(listeners, address)
        for listener in listeners:
            listener.listen(BACKLOG)
    except OSError as error:
        close_all(listeners)
        msg = f"cannot listen on {host} port {port}: {error.strerror or error}"
        raise CommandError(msg) from error
    return listeners


def _bind_all(listeners: list[socket.socket], address: tuple[Any, ...]) -> None:
    first, *others = listeners
    # Connections in TIME_WAIT must not delay a restart.
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Bound exclusively: with SO_REUSEPORT, a second service on the port would share it unnoticed.
    first.bind(address)
    if others:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    for listener in others:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(first.getsockname())


def url_of(listener: socket.socket, host: str) -> str:
    """Return the listener's URL, with the actual port."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def allow_host(settings: Settings, host: str) -> Settings:
    """Return the settings with the address to listen on among the allowed hosts."""
    # Without the zone of a link-local address, which no URL of a client states.
    stated = host.partition("%")[0]
    hosts = (*settings.allowed_hosts, *([stated] if stated else ()))
    return settings.model_copy(update={"allowed_hosts": hosts})


def local_address(listener: socket.socket) -> tuple[str, int]:
    """Return the listener's address as reachable from this machine, also for a wildcard address."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - compared
