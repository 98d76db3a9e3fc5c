"""Five hundred slow senders and five hundred slow readers at once, from one process."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx2
import pytest

from tests.hostile.api_process import Server, begin_body, get, import_model, server_with
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

MIB = 2**20
CLIENTS = 500
WEIGHT_BYTES = 48 * MIB
BODY_BYTES = MIB
MAX_RSS = 400_000_000
MAX_DISK = 2 * WEIGHT_BYTES


class SlowClients:
    """Connections that send a body slowly, or do not read the weights that they have requested."""

    def __init__(self, server: Server, weights: str, stack: ExitStack) -> None:
        self._server = server
        self.senders: list[socket.socket] = []
        self.readers: list[socket.socket] = []
        head = begin_body(BODY_BYTES)
        for _ in range(CLIENTS):
            reader = stack.enter_context(closing(server.connect(65_536)))
            reader.sendall(get(weights))
            self.readers.append(reader)
            sender = stack.enter_context(closing(server.connect()))
            self.senders.append(sender)
            self._send(sender, head + b'{"name": "' + b"x" * (BODY_BYTES // 2))

    def trickle(self) -> None:
        """Send a byte of every body."""
        for sender in list(self.senders):
            self._send(sender, b"x")

    def _send(self, sender: socket.socket, data: bytes) -> None:
        try:
            sender.sendall(data)
        except ConnectionError:
            self.senders.remove(sender)


@pytest.fixture
def weights(tmp_path: Path) -> str:
    """The path of the weights, which an earlier process has received: that takes memory, too."""
    with server_with(tmp_path) as server, httpx2.Client(base_url=server.url, timeout=60) as client:
        return import_model(client, WEIGHT_BYTES)


@pytest.fixture
def server(tmp_path: Path, weights: str) -> Iterator[Server]:
    """The API with its default settings."""
    with server_with(tmp_path) as server:
        yield server


def disk_bytes(server: Server) -> int:
    """Return the size of the files that the process has open and that have been deleted."""
    folder = Path(f"/proc/{server.process.pid}/fd")
    found: dict[int, int] = {}
    for file in folder.iterdir():
        try:
            status = file.stat()
        except OSError:  # closed meanwhile
            continue
        if status.st_nlink == 0:
            found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def test_slow_clients_leave_memory_disk_and_others_alone(
    server: Server, weights: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with httpx2.Client(base_url=server.url, timeout=60) as client, ExitStack() as stack:
        assert len(client.get(weights).content) >= WEIGHT_BYTES
        files = server.process.num_fds()
        slow = SlowClients(server, weights, stack)
        peak, disk, answered = 0, 0, 0

        def are_gone() -> bool:
            nonlocal peak, disk, answered
            slow.trickle()
            peak = max(peak, server.process.memory_info().rss)
            disk = max(disk, disk_bytes(server))
            # Others are answered meanwhile: a query, and a body that is held in memory.
            assert client.get("/v1/jobs").status_code == 200
            assert client.post("/v1/jobs/validate", json={"target": "x"}).status_code == 422
            answered += 1
            return server.count_connections() <= 1

        wait_for(are_gone, 180, every=0.2)
        with capsys.disabled():
            print(f"peak RSS {peak / 1e6:.0f} MB, files {disk / 1e6:.0f} MB, others {answered}")  # noqa: T201
        assert peak < MAX_RSS
        assert disk <= MAX_DISK
        # Files of the database for as many threads as there are stay open.
        wait_for(lambda: server.process.num_fds() <= files + 2 * 40, 60)
