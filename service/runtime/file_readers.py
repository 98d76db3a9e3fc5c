"""Readers of files that were sent: short and long turns, and processes for binary formats.

A small file is read in a place for short turns. If its turn is over before it has been read, it is
read from its beginning in a place for long ones: files that take long never hold all places.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from anyio import CapacityLimiter, from_thread, to_thread

from service.http.compute_errors import (
    ComputationFailedError,
    ComputeStoppedError,
    ComputeTimeoutError,
)
from service.runtime import read_child
from service.runtime.compute_pool import ComputePool
from service.runtime.places import CHECK_SECONDS, Places
from store.errors import IntakeError, ReadingStoppedError, ReadingTimeError
from store.intake import (
    CellRequest,
    CellTable,
    Preview,
    TableContents,
    preview_table,
    read_rows,
    read_table,
)
from store.intake.formats.detect import is_columnar
from store.intake.options import FileHints, Limits, ReadOptions
from store.settings import Settings

T = TypeVar("T")

# Files read at once, in places of either kind: for short turns and for long ones.
PLACES = 2
# Processes: as many for each kind, and for rows to predict.
PROCESSES = 3 * PLACES
# Larger files take a long turn at once.
SHORT_FILE_BYTES = 8 * 2**20
# Processor time.
SHORT_SECONDS = 1.0
# Imported by the processes when they start.
MODULES = (
    "store.intake.open_source",
    "store.intake.read",
    "store.intake.read_cells",
    "store.intake.preview",
)


class FileReaders:
    """The places for reading files, and the processes that read binary ones.

    Args:
        settings: settings of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.max_read_seconds
        self._short, self._long = _Lane(settings), _Lane(settings)
        # Predictions do not wait for uploads.
        self._rows = _make_pool(settings)
        self._memory_bytes = settings.max_read_memory_bytes

    def for_rows(self, must_stop: Callable[[], bool]) -> "FileReader":
        """Return a reader of rows to predict; at most eight threads may use one at once.

        Args:
            must_stop: whether reading must stop.
        """
        return FileReader(self._rows, self._memory_bytes, self._seconds, must_stop)

    async def run(
        self, size: int, must_stop: Callable[[], bool], work: "Callable[[FileReader], T]"
    ) -> T:
        """Return `work(reader)`, called in a thread; it is called again if a short turn is over.

        Args:
            size: bytes of the file.
            must_stop: whether reading must stop.
            work: reads one file with the reader, and changes nothing before the file is read.

        Raises ReadingStoppedError, IntakeError, and as `work`.
        """
        if size <= SHORT_FILE_BYTES and self._seconds > SHORT_SECONDS:
            with suppress(ReadingTimeError):
                return await self._short.run(size, must_stop, work, SHORT_SECONDS)
        return await self._long.run(size, must_stop, work, self._seconds)

    def stop(self) -> None:
        """End the processes."""
        for pool in (self._short.pool, self._long.pool, self._rows):
            pool.stop()


class _Lane:
    """Places of one kind, with their processes."""

    def __init__(self, settings: Settings) -> None:
        self.pool = _make_pool(settings)
        self._memory_bytes = settings.max_read_memory_bytes
        self._places = Places(PLACES)
        self._threads = CapacityLimiter(PLACES)

    async def run(
        self,
        size: int,
        must_stop: Callable[[], bool],
        work: "Callable[[FileReader], T]",
        seconds: float,
    ) -> T:
        """Return `work(reader)`, which has a limit of processor time.

        Raises ReadingTimeError beyond it, ReadingStoppedError, and as `work`.
        """
        async with self._places.hold(size, must_stop):
            reader = FileReader(self.pool, self._memory_bytes, seconds, must_stop)
            return await to_thread.run_sync(work, reader, limiter=self._threads)


def _make_pool(settings: Settings) -> ComputePool:
    return ComputePool(
        settings,
        MODULES,
        max_processes=PLACES,
        memory_bytes=settings.max_read_memory_bytes,
        ends_cancelled=True,
        has_resources=False,
    )


@dataclass(frozen=True)
class FileReader:
    """Reads a file within its turn, in a thread: binary formats in a process.

    Attributes:
        pool: the processes.
        memory_bytes: memory that a process may take for a file.
        seconds: limit of the processor time.
        must_stop: whether reading must stop.
    """

    pool: ComputePool
    memory_bytes: int
    seconds: float
    must_stop: Callable[[], bool]

    def read_table(
        self, source: Path, target: Path, options: ReadOptions, hints: FileHints, limits: Limits
    ) -> TableContents:
        """Read a file and write its column file, see `store.intake.read_table`."""
        return self.call(read_table, limits, source, target, options, hints)

    def preview_table(
        self, source: Path, options: ReadOptions, hints: FileHints, limits: Limits
    ) -> Preview:
        """Preview a file's first rows, see `store.intake.preview_table`."""
        return self.call(preview_table, limits, source, options, hints)

    def read_rows(
        self,
        source: Path,
        options: ReadOptions,
        hints: FileHints,
        request: CellRequest,
        limits: Limits,
    ) -> CellTable:
        """Read cells into memory, see `store.intake.read_rows`; `request` can be pickled."""
        return self.call(read_rows, limits, source, options, hints, request)

    def call(self, function: Callable[..., T], limits: Limits, source: Path, *args: object) -> T:
        """Return `function(source, *args, limits)`, of a process if the file is Parquet or Arrow.

        Raises IntakeError, ReadingTimeError, ReadingStoppedError.
        """
        limits = replace(limits, max_seconds=self.seconds)
        if not is_columnar(source):
            limits = replace(limits, must_stop=self.must_stop)
            return function(source, *args, limits)
        lock = source.with_suffix(".lock")
        call = read_child.Call(function, (source, *args), limits, lock, self.memory_bytes)
        try:
            return from_thread.run(self._run_in_process, call)
        except ComputeTimeoutError as error:
            reached = self.seconds + read_child.GRACE_SECONDS
            raise limits.time_error(reached) from error
        except ComputationFailedError as error:
            detail = "the process that read the file has ended: the file is broken"
            raise IntakeError("unreadable_file", detail) from error
        except ComputeStoppedError as error:
            raise ReadingStoppedError from error
        finally:
            read_child.wait_for_end(lock)

    async def _run_in_process(self, call: "read_child.Call[T]") -> T:
        """Return the result of a call; its process is killed if reading must stop."""
        task = asyncio.create_task(self.pool.run(read_child.read, call, seconds=None))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=CHECK_SECONDS)
                if not task.done() and self.must_stop():
                    raise ReadingStoppedError
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        result: T = task.result()
        return result
