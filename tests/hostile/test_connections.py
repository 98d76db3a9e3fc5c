"""Clients that send or read slowly, and many at once, cost a bounded amount of memory and time."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest

from tests.hostile.api_process import (
    Server,
    begin_body,
    get,
    import_model,
    read_to_the_end,
    server_with,
    upload,
)
from tests.waiting import wait_for

MIB = 2**20
WINDOW_SECONDS = 1.0
# Of the service with small limits.
MAX_BODY_BYTES = MIB
MAX_BUFFERED_BYTES = 4 * MIB
MAX_CONNECTIONS = 60
READERS = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server_with(
        tmp_path_factory.mktemp("connections"),
        transfer_window_seconds=WINDOW_SECONDS,
        max_body_bytes=MAX_BODY_BYTES,
        max_buffered_bytes=MAX_BUFFERED_BYTES,
        max_connections=MAX_CONNECTIONS,
    ) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        yield client


class Trickling:
    """Clients that send most of a body at once, and then single bytes."""

    def __init__(self, server: Server, count: int, size: int, path: str = "/v1/jobs") -> None:
        self._head = begin_body(size, path)
        self._stack = ExitStack()
        self.open = [self._stack.enter_context(closing(server.connect())) for _ in range(count)]
        self.statuses: list[int] = []
        for client in list(self.open):
            self._send(client, self._head + b"[" * (size - 60_000))

    def __enter__(self) -> "Trickling":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _send(self, client: socket.socket, data: bytes) -> None:
        try:
            client.sendall(data)
        except ConnectionError:
            self._end(client)

    def _end(self, client: socket.socket) -> None:
        """Record the status that the client was answered; 0 if the connection was reset before."""
        received = b""
        try:
            while piece := client.recv(65_536):
                received += piece
        except ConnectionError:
            pass
        self.statuses.append(int(received.split()[1]) if received else 0)
        self.open.remove(client)

    def trickle(self) -> bool:
        """Send a byte of every body; return whether all have been ended."""
        for client in list(self.open):
            if is_readable(client):
                self._end(client)
            else:
                self._send(client, b"[")
        return not self.open


def is_readable(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        client.settimeout(60)
    return True


def test_bodies_that_trickle_are_bounded_in_memory_and_time(
    server: Server, client: httpx2.Client
) -> None:
    upload(client)  # the first requests import modules
    before = server.process.memory_info().rss
    count = 40
    with Trickling(server, count, MAX_BODY_BYTES) as trickling:
        assert server.process.memory_info().rss - before < count * MAX_BODY_BYTES / 2
        # The bodies that began first have been given up; a new one is received.
        assert client.post("/v1/jobs", json={"target": "x"}).status_code == 422
        wait_for(trickling.trickle, 30, every=WINDOW_SECONDS / 10)
        assert set(trickling.statuses) <= {0, 408, 503}
        assert {408, 503} <= set(trickling.statuses)
        assert len(trickling.statuses) == count
    wait_for(lambda: server.count_connections() <= 1)


def test_the_rate_counts_for_uploads_too(server: Server) -> None:
    with Trickling(server, 3, MAX_BODY_BYTES, "/v1/datasets") as trickling:
        wait_for(trickling.trickle, 30, every=WINDOW_SECONDS / 10)
        assert set(trickling.statuses) <= {0, 408}


def test_a_steady_upload_has_no_total_bound(server: Server, client: httpx2.Client) -> None:
    head = begin_body(0, "/v1/datasets", "text/csv")
    head = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with closing(server.connect()) as sender:
        sender.sendall(head + b"b\r\nwidth,kind\n\r\n")
        # Two windows, which end when a slow client is disconnected: 4 KiB are 4 times the rate.
        for _ in range(2):
            with Trickling(server, 1, MAX_BODY_BYTES) as slow:
                while not slow.trickle():
                    sender.sendall(b"1000\r\n" + b"1,a\n" * 1024 + b"\r\n")
                    time.sleep(WINDOW_SECONDS / 20)
                assert slow.statuses == [408]
        sender.sendall(b"0\r\n\r\n")
        response = HTTPResponse(sender)
        response.begin()
        assert response.status == 201


def count_open_files(server: Server) -> int:
    """Return the number of open files but for those of the database, which stay open per thread."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    return sum("backpropd.sqlite3" not in str(file.readlink()) for file in folder.iterdir())


def test_readers_that_do_not_read_are_disconnected(server: Server, client: httpx2.Client) -> None:
    weights = import_model(client, 8 * MIB)
    files = []
    for _ in range(2):
        with ExitStack() as stack:
            readers = [stack.enter_context(closing(server.connect(65_536))) for _ in range(READERS)]
            for reader in readers:
                reader.sendall(get(weights))
            wait_for(lambda: server.count_connections() >= READERS)
            wait_for(lambda: server.count_connections() <= 1)
            for reader in readers:
                assert len(read_to_the_end(reader)) < 8 * MIB
        files.append(count_open_files(server))
    assert files[1] <= files[0]


def test_small_answers_that_nobody_reads_are_given_up(server: Server) -> None:
    """Pipelined requests whose answers fill the buffers: no single one is large."""
    with closing(server.connect(4_096)) as reader:
        reader.settimeout(0.2)
        try:
            while True:
                reader.sendall(get("/") * 100)
        except (TimeoutError, ConnectionError):
            pass
        wait_for(lambda: server.count_connections() == 0)


def test_event_stream_that_is_read_outlives_the_windows(
    server: Server, client: httpx2.Client
) -> None:
    spec = {"dataset_id": upload(client), "target": "kind", "epochs": 1}
    job = client.post("/v1/jobs", json=spec).json()["links"]["self"]
    with closing(server.connect()) as listener, Trickling(server, 1, MAX_BODY_BYTES) as first:
        headers = ("Accept: text/event-stream", "Connection: close")
        listener.sendall(get(f"{job}/events", *headers))
        assert b"200 OK" in listener.recv(65_536)
        # Two windows pass, each of which ends a slow client.
        wait_for(first.trickle, 30, every=WINDOW_SECONDS / 10)
        with Trickling(server, 1, MAX_BODY_BYTES) as second:
            wait_for(second.trickle, 30, every=WINDOW_SECONDS / 10)
        assert client.post(f"{job}/cancel").status_code == 202
        assert b"event: cancelled" in read_to_the_end(listener)


@pytest.mark.parametrize("path", ["/v1/jobs", "/v2/health/live", "/healthz"])
def test_connections_beyond_the_limit_are_answered_503(server: Server, path: str) -> None:
    wait_for(lambda: server.count_connections() == 0)
    with ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS):
            held = stack.enter_context(closing(server.connect()))
            held.sendall(get("/healthz"))
            assert held.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with closing(server.connect()) as client:
            client.sendall(get(path))
            received = read_to_the_end(client)
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in head.lower()
        found = json.loads(body)
        assert "too many connections" in found["error" if path.startswith("/v2") else "detail"]
        # A connection that is closed makes room for another one.
        held.close()
        wait_for(lambda: server.count_connections() < MAX_CONNECTIONS)
        with closing(server.connect()) as client:
            client.sendall(get(path, "Connection: close"))
            assert read_to_the_end(client).startswith(b"HTTP/1.1 200 ")
