"""Connections that wait at the sockets of other API processes are accepted."""

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cli.serving.sockets import listen_together
from cli.serving.waiting_connections import accept_waiting


class _Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"hello")
        transport.close()


@contextmanager
def connections(count: int) -> Iterator[tuple[list[socket.socket], list[socket.socket]]]:
    """Two listening sockets, and clients whose connections wait there."""
    with listen_together("127.0.0.1", 0, 2) as listeners:
        address = listeners[0].getsockname()
        clients = [socket.create_connection(address, timeout=20) for _ in range(count)]
        try:
            yield listeners, clients
        finally:
            for client in clients:
                client.close()


def read_all(clients: list[socket.socket]) -> list[bytes]:
    """Return the bytes that each client receives until the connection is closed."""
    return [client.makefile("rb").read() for client in clients]


def serve_until_answered(
    listeners: list[socket.socket],
    clients: list[socket.socket],
    make_protocol: Callable[[], asyncio.Protocol],
) -> list[bytes]:
    async def run() -> list[bytes]:
        helper = asyncio.create_task(accept_waiting(listeners, make_protocol))
        try:
            return await asyncio.to_thread(read_all, clients)
        finally:
            helper.cancel()
            with pytest.raises(asyncio.CancelledError):
                await helper

    return asyncio.run(run())


def test_all_waiting_connections_of_all_sockets_are_served() -> None:
    with connections(40) as (listeners, clients):
        assert serve_until_answered(listeners, clients, _Greeting) == [b"hello"] * 40


def test_connection_that_fails_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = 0

    def make() -> asyncio.Protocol:
        nonlocal made
        made += 1
        if made == 1:
            msg = "no protocol"
            raise RuntimeError(msg)
        return _Greeting()

    with connections(10) as (listeners, clients):
        answers = serve_until_answered(listeners, clients, make)
    assert sorted(answers) == [b"", *[b"hello"] * 9]
    assert "a connection could not be served" in caplog.text
    gc.collect()  # a socket that was left open would be a ResourceWarning
