"""Accept the connections that wait at the sockets of other API processes.

The kernel divides new connections among the sockets of one address by a hash. It also assigns
them to the socket of a process that has died, is starting, or computes for a long time.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator, Sequence

logger = logging.getLogger(__name__)

# The longest that a new connection waits for a process that cannot accept it.
ACCEPT_SECONDS = 0.05


async def accept_waiting(
    listeners: Sequence[socket.socket], make_protocol: Callable[[], asyncio.Protocol]
) -> None:
    """Serve the waiting connections of these sockets, every ACCEPT_SECONDS, until cancelled."""
    for listener in listeners:
        listener.settimeout(0)
    while True:
        await asyncio.sleep(ACCEPT_SECONDS)
        for listener in listeners:
            for connection in _accept_all(listener):
                await _serve(connection, make_protocol)


def _accept_all(listener: socket.socket) -> Iterator[socket.socket]:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # none waits, the client has left, or there are too many open files
            return
        yield connection


async def _serve(connection: socket.socket, make_protocol: Callable[[], asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_accepted_socket(make_protocol, connection)
    except Exception:
        # The connections after this one must still be accepted.
        logger.exception("a connection could not be served")
        connection.close()
