"""The API's listening socket, bound first so that a port in use is reported immediately."""

import socket

from cli.errors import CommandError

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address. Raises CommandError if that fails."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        msg = f"cannot listen on {host}: {error.strerror or error}"
        raise CommandError(msg) from error
    try:
        # Connections in TIME_WAIT must not delay a restart.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        msg = f"cannot listen on {host} port {port}: {error.strerror or error}"
        raise CommandError(msg) from error
    return listener


def url_of(listener: socket.socket, host: str) -> str:
    """Return the listener's URL, with the actual port."""
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def local_address(listener: socket.socket) -> tuple[str, int]:
    """Return the listener's address as reachable from this machine, also for a wildcard address."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port  # noqa: S104 - compared
