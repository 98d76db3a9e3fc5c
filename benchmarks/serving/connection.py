"""A keep-alive connection of plain sockets.

An HTTP client library would take more time than the answer of an empty route and hide the
difference between the services.
"""

import socket
import time
from contextlib import closing
from typing import TypeAlias

Address: TypeAlias = tuple[str, int]
RECEIVED_BYTES = 2**18
SECONDS = 60


class StatusError(Exception):
    """An answer whose status is not 200."""

    def __init__(self, status: int, head: str) -> None:
        super().__init__(head)
        self.status = status


class Connection:
    """An open connection to a service."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def exchange(self, request: bytes) -> bytes:
        """Send a request and return the body of its answer. Raises StatusError."""
        self._socket.sendall(request)
        received = b""
        while (answer := split_answer(received)) is None:
            more = self._socket.recv(RECEIVED_BYTES)
            if not more:
                raise SystemExit("the service closed the connection")
            received += more
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def split_answer(received: bytes) -> bytes | None:
    """Return the body of a complete answer, None while it is incomplete. Raises StatusError."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    if len(body) < length:
        return None
    status = int(head[9:12])
    if status != 200:
        raise StatusError(status, f"{head.decode()}\n\n{body[:2000].decode(errors='replace')}")
    return body


def measure_rate(address: Address, request: bytes, seconds: float, least: int) -> float:
    """Return requests per second over one connection, without its first request.

    Args:
        address: address of the service.
        request: the request.
        seconds: least time.
        least: least number of requests.
    """
    # A connection per measurement: the services close it while others are measured.
    with closing(Connection(address)) as connection:
        connection.exchange(request)
        count, started = 0, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds or count < least:
            connection.exchange(request)
            count += 1
    return count / passed
