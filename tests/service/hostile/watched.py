"""A real service whose CPU time, memory and stored data are measured."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import func, select

from store.db.database import Database
from store.db.migrate import upgrade
from store.db.tables import datasets
from store.settings import Settings, load_settings
from tests.servers import serving

MIB = 2**20


@dataclass(frozen=True)
class Spent:
    """Resources used by the service's process: CPU seconds, and peak memory above the start."""

    seconds: float
    bytes: int


class Watch:
    """Measures the CPU time and memory that a process uses over an interval."""

    def __init__(self, process: psutil.Process) -> None:
        self.pid = process.pid
        self._process = process
        self._clear = Path(f"/proc/{process.pid}/clear_refs")
        self._status = Path(f"/proc/{process.pid}/status")
        self._seconds, self._bytes = 0.0, 0

    def start(self) -> None:
        """Reset the memory peak, or measure from the present peak if a reset is not permitted."""
        try:
            self._clear.write_text("5", encoding="ascii")
            self._bytes = self._memory("VmRSS")
        except PermissionError:
            self._bytes = self._memory("VmHWM")
        self._seconds = self._processor()

    def stop(self) -> Spent:
        """Return the resources used since `start`."""
        return Spent(self._processor() - self._seconds, self._memory("VmHWM") - self._bytes)

    def _processor(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    def _memory(self, field: str) -> int:
        found = re.search(rf"{field}:\s+(\d+) kB", self._status.read_text(encoding="ascii"))
        assert found
        return int(found[1]) * 1024


@dataclass(frozen=True)
class WatchedService:
    """A running service."""

    url: str
    settings: Settings
    watch: Watch

    def count_rows(self) -> int:
        """Return the number of datasets in the database, including those the API does not list."""
        database = Database(self.settings.database_url)
        with database.reading() as session:
            count: int = session.execute(select(func.count()).select_from(datasets)).scalar_one()
        database.close()
        return count

    def files(self) -> list[Path]:
        """Return all files in the data directory except those of the database."""
        kept = self.settings.data_dir
        return sorted(p for p in kept.rglob("*") if p.is_file() and "sqlite3" not in p.name)


@contextmanager
def watched_service(folder: Path) -> Iterator[WatchedService]:
    """Run a service on its own data directory."""
    settings = load_settings(data_dir=folder / "data", broker_url="memory://")
    settings.data_dir.mkdir()
    upgrade(settings.database_url)
    with serving(settings, folder / "log") as url:
        port = int(url.rpartition(":")[2])
        yield WatchedService(url, settings, Watch(_listener(port)))
    assert "Traceback" not in (folder / "log").read_text()


def _listener(port: int) -> psutil.Process:
    """Return the child process that listens on the port."""
    for child in psutil.Process(os.getpid()).children(recursive=True):
        if any(found.laddr.port == port for found in child.net_connections("tcp")):
            return child
    message = f"no process listens on port {port}"
    raise AssertionError(message)
