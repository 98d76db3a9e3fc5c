"""Test CSV files and the results of their intake."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.table import CategoricalColumn, NumericColumn
from store.datasets.column_file import ColumnFile
from store.datasets.columns import ColumnRecord
from store.errors import IntakeError
from store.intake import (
    FileHints,
    Limits,
    Preview,
    ReadOptions,
    TableContents,
    preview_table,
    read_table,
)

CSV = FileHints("text/csv")


@dataclass(frozen=True)
class Intake:
    """The result of reading a file: its table contents and its column file."""

    contents: TableContents
    path: Path

    @property
    def column(self) -> ColumnRecord:
        """Record of the first column."""
        return self.contents.columns[0]

    @property
    def codes(self) -> list[str]:
        """Codes of the notices."""
        return [notice.code for notice in self.contents.notices]

    def values(self, name: str) -> list[Any]:
        """Read a column from the column file, with None for missing values."""
        column = ColumnFile(self.path, self.contents.rows).read([name])[name]
        if isinstance(column, NumericColumn):
            return [None if value != value else value for value in column.values.tolist()]
        assert isinstance(column, CategoricalColumn)
        return [None if code < 0 else column.levels[code] for code in column.codes]


def read(folder: Path, content: bytes | str, limits: Limits | None = None, **stated: Any) -> Intake:
    """Convert a file with this content."""
    source, target = folder / "upload", folder / "columns.arrow"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    options = ReadOptions(**stated)
    return Intake(read_table(source, target, options, CSV, limits or Limits()), target)


def read_preview(folder: Path, content: bytes | str, **stated: Any) -> Preview:
    """Preview a file with this content."""
    source = folder / "upload"
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    return preview_table(source, ReadOptions(**stated), CSV, Limits())


def refusal(folder: Path, content: bytes | str, **stated: Any) -> IntakeError:
    """Return the error for a refused file; no files may be left behind."""
    try:
        read(folder, content, **stated)
    except IntakeError as error:
        assert sorted(path.name for path in folder.iterdir()) == ["upload"]
        return error
    message = "the file was read"
    raise AssertionError(message)


def column_of(folder: Path, cells: list[str], **stated: Any) -> Intake:
    """Read a table with a column x of these cells and a second column y."""
    return read(folder, "x,y\n" + "".join(f"{cell},0\n" for cell in cells), **stated)
