"""Options for reading a file: stated by the client or detected."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from engine.data.table import ColumnKind
from store.errors import ReadingStoppedError, ReadingTimeError
from store.intake.budget import Allowance, Budget, smaller
from store.settings import PREFIX

Format = Literal["csv", "json_lines", "json", "parquet", "arrow", "npy", "npz"]
Compression = Literal["none", "gzip", "zstd"]
Quote = Literal['"', "'", ""]


@dataclass(frozen=True)
class ReadOptions:
    """Read options. In a request None means to detect; in a result every option is set.

    Attributes:
        format: file format; TSV is csv with a tab as delimiter.
        compression: compression of the file.
        encoding: text encoding by Python's name, such as utf-8, utf-16, latin-1 or cp1252.
        delimiter: the character between the cells of a CSV file.
        quote: the character around quoted cells of a CSV file; empty for none.
        decimal: "." or ",", the decimal mark of numbers in a CSV file.
        header: whether a CSV file's first row holds the column names.
        missing: texts treated as a missing value, in addition to an empty cell.
        kinds: column kinds by column name; the kinds of other columns are inferred.
    """

    format: Format | None = None
    compression: Compression | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: Quote | None = None
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    missing: tuple[str, ...] | None = None
    kinds: dict[str, ColumnKind] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the options as JSON values."""
        return {**asdict(self), "missing": None if self.missing is None else list(self.missing)}


@dataclass(frozen=True)
class FileHints:
    """The media type and name of an upload, used where its format is not stated."""

    media_type: str = ""
    name: str = ""


# Environment variables of the limits of datasets.
LIMIT_SETTINGS: Mapping[str, str] = {
    "max_bytes": f"{PREFIX}MAX_UPLOAD_BYTES",
    "max_table_bytes": f"{PREFIX}MAX_DATASET_BYTES",
    "max_cells": f"{PREFIX}MAX_DATASET_BYTES",
    "max_expansion": f"{PREFIX}MAX_EXPANSION",
    "max_seconds": f"{PREFIX}MAX_READ_SECONDS",
}


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Limits:
    """Limits of a file.

    Attributes:
        max_columns: maximum number of columns.
        max_bytes: maximum size in bytes after decompression.
        max_table_bytes: maximum size in bytes of the column file.
        max_cells: maximum number of rows times columns.
        max_rows: maximum number of rows; None for any number.
        max_expansion: each limit of bytes or cells is at most this many times the bytes that were
            sent, plus a constant.
        max_seconds: maximum processor time of the reading thread.
        sent_bytes: bytes that were sent.
        started: processor time of the thread when it began to read, in seconds.
        must_stop: whether reading must stop; called by the reading thread, once per batch.
        settings: environment variables that raise limits, by the names of these attributes.
    """

    max_columns: int = 10_000
    max_bytes: int = 2 * 2**30
    max_table_bytes: int = 8 * 2**30
    max_cells: int = 8 * 2**30
    max_rows: int | None = None
    max_expansion: int = 200
    max_seconds: float = math.inf
    sent_bytes: int = 0
    started: float = 0.0
    must_stop: Callable[[], bool] = _never
    settings: Mapping[str, str] = field(default_factory=lambda: LIMIT_SETTINGS)

    def for_file(self, path: Path) -> "Limits":
        """Return the limits for a file as it was sent, which this thread begins to read."""
        return replace(self, sent_bytes=path.stat().st_size, started=time.thread_time())

    def allow(
        self, name: Literal["max_bytes", "max_table_bytes", "max_cells"], sent: int | None = None
    ) -> Allowance:
        """Return what may be produced from the file, or from the first `sent` bytes of it."""
        most = Allowance(getattr(self, name), self.settings.get(name))
        factor = Allowance(self.max_expansion, self.settings.get("max_expansion"))
        return smaller(most, factor, self.sent_bytes if sent is None else sent)

    def budget(self, what: str) -> Budget:
        """Return a budget of bytes that go to the column file, or to a copy of what was read."""
        return Budget(what, self.allow("max_table_bytes"))

    def check_running(self) -> None:
        """Raise ReadingStoppedError if reading must stop, ReadingTimeError if it takes too long."""
        if self.must_stop():
            raise ReadingStoppedError
        spent = time.thread_time() - self.started
        if spent > self.max_seconds:
            raise self.time_error(spent)

    def time_error(self, spent: float) -> ReadingTimeError:
        """Return the error for a file that has taken `spent` seconds of processor time."""
        return ReadingTimeError(spent, self.max_seconds, self.settings.get("max_seconds"))
