"""Real processes to kill: API servers and workers with their own database and Redis.

    with fleet(tmp_path, "postgresql") as ships:
        api = ships.start_api()
        worker = ships.start_worker("first")
        ships.wait_until_ready()
        httpx2.get(f"{ships.url}/healthz")
        worker.kill(); ships.redis.kill(); ships.postgres.kill(); ships.redis.start()

All processes are ended with the block, also when the block fails.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from store.db.database import Database
from store.db.migrate import upgrade
from store.errors import StoreUnavailableError
from store.fault_injection import VARIABLE
from store.settings import PREFIX, Settings, load_settings
from store.workers import list_live_workers
from tests.chaos.processes import ROOT, Process
from tests.chaos.servers import PostgresServer, RedisServer, free_port
from tests.folders import short_folder
from tests.servers import BACKPROPD
from tests.waiting import wait_for
from workers.process.blas_threads import blas_environment
from workers.process.launch import worker_command

DatabaseKind = Literal["sqlite", "postgresql"]

SWIFT: dict[str, Any] = {
    "heartbeat_seconds": 0.5,
    "lease_seconds": 2,
    "sweep_seconds": 0.5,
    "redispatch_seconds": 0.5,
    "watch_seconds": 0.05,
    "checkpoint_seconds": 0.25,
    "record_seconds": 0.1,
    "slice_seconds": 1,
}


# Printed by the API and by `backpropd up`.
READY = re.compile(r"startup complete|^ready http", re.MULTILINE)


class Fleet:
    """Processes that share one set of settings.

    Attributes:
        settings: settings in the environment of all processes.
        url: URL of the first API; a restart keeps it.
        redis: the broker.
        postgres: the database server; None on SQLite.
        database: the test's own connection pool.
        processes: all processes of APIs and workers that have not been reaped.
    """

    def __init__(
        self, folder: Path, settings: Settings, redis: RedisServer, postgres: PostgresServer | None
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.redis = redis
        self.postgres = postgres
        self.database = Database(settings.database_url)
        self.processes: list[Process] = []
        self.ports: dict[str, int] = {}
        self._lives = 0

    @property
    def url(self) -> str:
        return self.url_of(next(iter(self.ports)))

    def url_of(self, name: str) -> str:
        """Return the URL of the API of this name."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def start_api(
        self,
        name: str = "api",
        crash_at: str | None = None,
        **environment: str,
    ) -> Process:
        """Start an API; it listens on the same port as an earlier one of the same name."""
        port = self.ports.setdefault(name, free_port())
        command = [*BACKPROPD, "api", "--port", str(port)]
        return self._start(name, command, crash_at, environment)

    def start_worker(
        self,
        name: str,
        children: int = 1,
        crash_at: str | None = None,
        app: str | None = None,
        **environment: str,
    ) -> Process:
        """Start a worker with `children` child processes, optionally of another application."""
        command = worker_command(children, name)
        if app is not None:
            command[command.index("--app") + 1] = app
        # PostgreSQL shows the worker's name for each of its connections.
        return self._start(name, command, crash_at, {"PGAPPNAME": name, **environment})

    def start_service(self, children: int, name: str = "up") -> Process:
        """Start `backpropd up` on the fleet's database and broker: an API and one worker."""
        port = self.ports.setdefault(name, free_port())
        options = ("--port", str(port), "--workers", str(children))
        return self._start(name, [*BACKPROPD, "up", *options], None, {})

    def wait_until_ready(self, *processes: Process, seconds: float = 60) -> None:
        """Wait until these (or all) processes are ready: APIs listen, workers are announced."""
        for process in processes or tuple(self.processes):
            wait_for(partial(self.is_ready, process), seconds, every=0.05)

    def is_ready(self, process: Process) -> bool:
        """Return whether the process is ready; fail if it has ended."""
        assert process.is_running, process.read_log()
        if process.name in self.ports:
            return bool(READY.search(process.read_log()))
        try:
            # An earlier process may have had the same name.
            age = time.monotonic() - process.started_at
            with self.database.reading() as session:
                return process.name in list_live_workers(session, age)
        except StoreUnavailableError:
            return False

    def forget_ended(self) -> None:
        """Reap the processes whose sessions are empty."""
        for process in [one for one in self.processes if not one.is_running]:
            if not process.members():
                process.reap()
                self.processes.remove(process)

    def stop(self, seconds: float = 20) -> None:
        """Send SIGTERM to all processes, wait, and kill the rest; servers keep running."""
        for process in self.processes:
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.stop(max(0.0, deadline - time.monotonic()))
        self.processes.clear()

    def kill(self) -> None:
        """Send SIGKILL to all processes."""
        for process in self.processes:
            process.kill_group()
        self.processes.clear()

    def _start(
        self, name: str, command: list[str], crash_at: str | None, environment: dict[str, str]
    ) -> Process:
        self._lives += 1
        trap = {} if crash_at is None else {VARIABLE: crash_at}
        process = Process(
            name,
            command,
            self.folder / f"{self._lives:05}-{name}.log",
            {**clean_environment(), **self.settings.environment(), **trap, **environment},
        )
        self.processes.append(process)
        return process


def clean_environment() -> dict[str, str]:
    """Return the environment without the caller's settings, with the worker's BLAS variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return {**kept, **blas_environment(), "PYTHONPATH": str(ROOT)}


@contextmanager
def fleet(
    folder: Path,
    kind: DatabaseKind,
    *,
    database_url: str | None = None,
    redis_append_only: bool = True,
    **settings: Any,
) -> Iterator[Fleet]:
    """Start a Redis and migrate a database, without other processes; all ends with the block.

    Args:
        folder: folder for data and logs.
        kind: kind of the database.
        database_url: URL of an empty database on a shared server; without it, PostgreSQL is
            started for this fleet, which takes about two seconds.
        redis_append_only: whether Redis keeps its messages when it is killed.
        settings: settings that differ from SWIFT.
    """
    with ExitStack() as stack:
        redis = RedisServer(
            stack.enter_context(short_folder("bpd-redis-")), append_only=redis_append_only
        )
        redis.start()
        stack.callback(redis.kill)
        postgres = None
        if database_url is None and kind == "postgresql":
            postgres = PostgresServer(stack.enter_context(short_folder("bpd-pg-")))
            stack.callback(postgres.kill)
            postgres.start()
            database_url = postgres.make_database("chaos")
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        chosen = load_settings(
            data_dir=data,
            database_url=database_url,
            broker_url=redis.url,
            **{**SWIFT, **settings},
        )
        upgrade(chosen.database_url)
        ships = Fleet(folder, chosen, redis, postgres)
        stack.callback(ships.database.close)
        stack.callback(ships.kill)
        yield ships
