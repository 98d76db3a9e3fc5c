"""What intake answers: of a table that was read whole, and of one that was only looked at."""

from dataclasses import dataclass
from typing import Any

from store.datasets.datasets import ColumnRecord, Notice
from store.intake.options import ReadOptions


@dataclass(frozen=True)
class TableContents:
    """A table whose column file is written.

    Attributes:
        rows: how many.
        columns: from left to right.
        options: how the file was read, with nothing left to detect.
        notices: what was changed or guessed.
        blob_sha256: of the column file.
    """

    rows: int
    columns: tuple[ColumnRecord, ...]
    options: ReadOptions
    notices: tuple[Notice, ...]
    blob_sha256: str


@dataclass(frozen=True)
class Preview:
    """What the first rows of a file show.

    Attributes:
        options: how they were read.
        columns: as those rows have them.
        sample: the first of them, as JSON values by name.
        notices: what was changed or guessed.
        rows_read: how many were looked at.
        is_complete: whether that is the whole file.
    """

    options: ReadOptions
    columns: tuple[ColumnRecord, ...]
    sample: tuple[dict[str, Any], ...]
    notices: tuple[Notice, ...]
    rows_read: int
    is_complete: bool
