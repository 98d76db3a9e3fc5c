"""Requests are not begun while answers wait unread, and what waits for clients is bounded.

Counted are the requests that the application has begun and the bytes that wait.
"""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import uvicorn

from cli.serving.bounded_protocol import BoundedProtocol, bounded_protocol
from service.http.prefixes import Prefix, Prefixes
from service.http.renderers import render_problem
from store.settings import load_settings
from tests.hostile.api_process import get
from tests.waiting import wait_for

ANSWER_BYTES = 2**20
# Of the kernel, for each connection: the answers beyond wait in the process.
BUFFER_BYTES = 16_384
MAX_WAITING_BYTES = 4 * ANSWER_BYTES
REQUESTS = 50


@dataclass
class Service:
    """A server in this process, and the requests that its application has begun by path."""

    address: tuple[str, int]
    protocol: type[BoundedProtocol]
    server: uvicorn.Server
    begun: Counter[str] = field(default_factory=Counter)

    def connect(self) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        client.settimeout(60)
        client.connect(self.address)
        return client

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    @property
    def waiting_bytes(self) -> int:
        found = list(self.server.server_state.connections)
        return sum(cast("BoundedProtocol", one).waiting_bytes for one in found)


@pytest.fixture
def service() -> Iterator[Service]:
    async def application(scope: Any, _receive: Any, send: Any) -> None:
        found.begun[scope["path"]] += 1
        body = b"x" * (ANSWER_BYTES if scope["path"] != "/small" else 2)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    settings = load_settings(max_body_bytes=2**20, max_buffered_bytes=MAX_WAITING_BYTES)
    protocol = bounded_protocol(settings, Prefixes(Prefix(["/"], render_problem)))
    config = uvicorn.Config(
        application, http=protocol, loop="uvloop", ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        found = Service(listener.getsockname(), protocol, server)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        wait_for(lambda: server.started)
        yield found
        server.should_exit = True
        thread.join()


def read(client: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        piece = client.recv(count - len(received))
        assert piece
        received += piece
    return bytes(received)


def read_answer(client: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(client, 1)
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
    return read(client, int(length.partition(b": ")[2]))


def test_no_further_request_is_begun_while_an_answer_waits(service: Service) -> None:
    with closing(service.connect()) as reader, closing(service.connect()) as other:
        reader.sendall(get("/large") * REQUESTS)
        wait_for(lambda: service.waiting_bytes > ANSWER_BYTES / 2)
        # Others are answered; each of these answers is a chance to begin a further request.
        for _ in range(REQUESTS):
            other.sendall(get("/small"))
            assert read_answer(other) == b"xx"
        assert service.begun["/large"] == 1
        # It is begun once the answer before it is read, and so on.
        for _ in range(REQUESTS):
            assert len(read_answer(reader)) == ANSWER_BYTES
        assert service.begun["/large"] == REQUESTS


def test_the_next_request_of_a_reader_waits_as_well(service: Service) -> None:
    """A request that arrives after the answer before it was written, but not read."""
    with closing(service.connect()) as reader:
        reader.sendall(get("/large"))
        wait_for(lambda: service.waiting_bytes > ANSWER_BYTES / 2)
        reader.sendall(get("/small"))
        # The request has been received when one on another connection has been answered.
        with closing(service.connect()) as other:
            other.sendall(get("/other"))
            read_answer(other)
        assert service.begun["/small"] == 0
        assert len(read_answer(reader)) == ANSWER_BYTES
        assert read_answer(reader) == b"xx"


def test_requests_of_a_client_that_has_left_are_not_begun(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(service.connect()) as reader:
        reader.sendall(get("/large") * REQUESTS)
        wait_for(lambda: service.waiting_bytes > ANSWER_BYTES / 2)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_for(lambda: service.connections == 0)
    wait_for(lambda: not service.server.server_state.tasks)
    assert service.begun["/large"] == 1
    assert not caplog.records


def test_bytes_that_wait_for_all_clients_are_bounded(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    kept = MAX_WAITING_BYTES // ANSWER_BYTES
    with ExitStack() as stack:
        readers = []
        for count in range(1, 5 * kept + 1):
            readers.append(stack.enter_context(closing(service.connect())))
            readers[-1].sendall(get("/large") * 4)
            wait_for(lambda: service.begun["/large"] == count)  # noqa: B023 - used within
            wait_for(lambda: service.protocol.answer_memory.total <= MAX_WAITING_BYTES)
        wait_for(lambda: service.connections <= kept + 1)
        assert service.waiting_bytes <= MAX_WAITING_BYTES
        # The last ones are those that are kept.
        for reader in readers[-kept + 1 :]:
            assert len(read_answer(reader)) == ANSWER_BYTES
    assert [one.message for one in caplog.records] == [
        f"more than {MAX_WAITING_BYTES} bytes of answers wait for clients that do not read: "
        "those that have waited longest are disconnected"
    ]
    wait_for(lambda: service.connections == 0)
    assert service.protocol.answer_memory.total == 0
