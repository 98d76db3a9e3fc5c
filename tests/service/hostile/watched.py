"""A real service whose use of processor and memory is watched, and what it keeps."""

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
    """Of the service's process: seconds of processor, and bytes above its memory before."""

    seconds: float
    bytes: int


class Watch:
    """Measures the CPU time and memory that a process uses over an interval."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._clear = Path(f"/proc/{process.pid}/clear_refs")
        self._status = Path(f"/proc/{process.pid}/status")
        self._seconds, self._bytes = 0.0, 0

    def start(self) -> None:
        """Forget the peak of memory so far, or measure from there where that is not permitted."""
        try:
            self._clear.write_text("5", encoding="ascii")
            self._bytes = self._memory("VmRSS")
        except PermissionError:
            self._bytes = self._memory("VmHWM")
        self._seconds = self._processor()

    def stop(self) -> Spent:
        """Since the start."""
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
        """Datasets in the database, invisible ones too."""
        database = Database(self.settings.database_url)
        with database.reading() as session:
            count: int = session.execute(select(func.count()).select_from(datasets)).scalar_one()
        database.close()
        return count

    def files(self) -> list[Path]:
        """Every file in the data directory but the database's own, and the log."""
        kept = self.settings.data_dir
        return sorted(p for p in kept.rglob("*") if p.is_file() and "sqlite3" not in p.name)


@contextmanager
def watched_service(folder: Path) -> Iterator[WatchedService]:
    """A service on a data directory of its own."""
    settings = load_settings(data_dir=folder / "data", broker_url="memory://")
    settings.data_dir.mkdir()
    upgrade(settings.database_url)
    with serving(settings, folder / "log") as url:
        port = int(url.rpartition(":")[2])
        yield WatchedService(url, settings, Watch(_listener(port)))
    assert "Traceback" not in (folder / "log").read_text()


def _listener(port: int) -> psutil.Process:
    """The process of ours that listens on the port."""
    for child in psutil.Process(os.getpid()).children(recursive=True):
        if any(found.laddr.port == port for found in child.net_connections("tcp")):
            return child
    message = f"no process listens on port {port}"
    raise AssertionError(message)
