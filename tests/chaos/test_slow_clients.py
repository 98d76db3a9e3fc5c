"""Clients that stop in the middle of a request are disconnected without delaying other clients."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.chaos.figures import Figures
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.sizes import find_sizes

pytestmark = pytest.mark.rare

SIZES = find_sizes()
CLIENTS = SIZES.choose(reduced=40, full=500)
# The default at full size; shorter in the reduced suite to save time.
TIMEOUT_SECONDS = 10 if SIZES.is_full else 1.5
LIMIT_SECONDS = 15
HALF_HEAD = b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-"
HALF_BODIES = (
    b"POST /v1/datasets HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
    b"Content-Length: 1000\r\n\r\na,b\n1,2\n",
    b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"dataset_id":',
)


@contextmanager
def half_sent(api: Fleet, number: int) -> Iterator[list[socket.socket]]:
    """Open `number` connections, each in the middle of its headers or its body."""
    port = api.ports["api"]
    with ExitStack() as stack:
        clients = []
        for index in range(number):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(HALF_HEAD if index % 2 else HALF_BODIES[index // 2 % 2])
            clients.append(client)
        yield clients


def watch(clients: list[socket.socket], asker: httpx2.Client) -> list[float]:
    """Wait until all clients are disconnected; return the asker's request times, sorted."""
    deadline = time.monotonic() + LIMIT_SECONDS
    took = []
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map():
            assert time.monotonic() < deadline, f"{len(selector.get_map())} are still open"
            began = time.monotonic()
            assert asker.get("/v1/jobs").status_code == 200
            took.append(time.monotonic() - began)
            for key, _ in selector.select(0.01):
                if is_over(key.fileobj):
                    selector.unregister(key.fileobj)
    return sorted(took)


def is_over(client: object) -> bool:
    """Return whether the server has closed the connection; any response must be a 408."""
    assert isinstance(client, socket.socket)
    received = client.recv(65_536)
    assert not received or received.startswith(b"HTTP/1.1 408 ")
    return not received


def test_half_sent_requests_are_closed_and_delay_no_other_client(
    tmp_path: Path, figures: Figures
) -> None:
    with fleet(tmp_path, "sqlite", client_timeout_seconds=TIMEOUT_SECONDS) as ships:
        ships.wait_until_ready(ships.start_api())
        with httpx2.Client(base_url=ships.url) as asker:
            for _ in range(20):  # warm-up: the first requests take longer
                asker.get("/v1/jobs")
            with half_sent(ships, CLIENTS) as clients:
                took = watch(clients, asker)
            slowest = took[int((len(took) - 1) * 0.99)]
            figures.faults = CLIENTS
            figures.notes["p99 of other clients, ms"] = round(1000 * slowest)
            assert slowest < 0.25
            assert asker.get("/v1/datasets").json()["data"] == []
        assert list((ships.settings.data_dir / "incoming").iterdir()) == []
