"""Results of intake: the contents of a converted table, and a preview."""

from dataclasses import dataclass
from typing import Any

from store.datasets.columns import ColumnRecord, Notice
from store.intake.options import ReadOptions


@dataclass(frozen=True)
class TableContents:
    """Description of a table whose column file was written.

    Attributes:
        rows: number of rows.
        columns: from left to right.
        options: how the file was read; every option is set.
        notices: changes and guesses.
        blob_sha256: SHA-256 of the column file.
    """

    rows: int
    columns: tuple[ColumnRecord, ...]
    options: ReadOptions
    notices: tuple[Notice, ...]
    blob_sha256: str


@dataclass(frozen=True)
class Preview:
    """Preview of a file by its first rows.

    Attributes:
        options: how the rows were read.
        columns: from left to right, with statistics of the rows read.
        sample: the first rows, as JSON values by column name.
        notices: changes and guesses.
        rows_read: number of rows read.
        is_complete: whether these are all rows of the file.
    """

    options: ReadOptions
    columns: tuple[ColumnRecord, ...]
    sample: tuple[dict[str, Any], ...]
    notices: tuple[Notice, ...]
    rows_read: int
    is_complete: bool
