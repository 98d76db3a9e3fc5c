"""Writes of a response: its head together with the first part of its body."""

import asyncio
from typing import Any


class JoinedHeadTransport:
    """A transport that sends the head of a response together with the first part of its body.

    uvicorn writes the two separately, and uvloop sends every write at once: two system calls, two
    packets, and a client that wakes up twice. Here the head waits for the next write, at most until
    the event loop's next round. Everything else passes unchanged.

    Args:
        transport: the transport of the connection.
        loop: its event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._written = 0

    @property
    def sent(self) -> int:
        """Number of bytes that the network has accepted so far."""
        waiting: int = self._transport.get_write_buffer_size()
        return self._written - len(self._head) - waiting

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the transport's
        """Return an attribute of the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data; those of a head are sent with the next ones.

        Data for a connection that is closed are dropped: of several requests that a client has sent
        at once, uvicorn goes on answering the first.
        """
        if self._transport.is_closing():
            return
        self._written += len(data)
        if self._head:
            self._transport.writelines((self._head, data))
            self._head = b""
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._head = data
            self._loop.call_soon(self._send_head)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after everything is sent."""
        self._send_head()
        self._transport.close()

    def _send_head(self) -> None:
        # The connection may be lost meanwhile.
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
            self._head = b""
