"""Table source of the typed formats: Arrow batches that can be iterated repeatedly."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from store.datasets.columns import Notice
from store.errors import FileLocation, IntakeError
from store.intake.cells.arrow_types import as_text, convert_batch, cut, delivered_type, is_seconds
from store.intake.cells.column_names import check_column_count
from store.intake.options import ReadOptions
from store.intake.source import RawColumn, Reading, chosen

# Maximum cells per batch: 8 MiB of float64.
BATCH_CELLS = 2**20
MAX_BATCH_ROWS = 2**16
BATCH_BYTES = 2**23
MAX_ROW_BYTES = 2**22

# Yields all rows from the first, with all columns or with those of ascending indices.
OpenBatches = Callable[[Sequence[int] | None], Iterator[pa.RecordBatch]]


def row_number(row: int) -> int:
    """Return the 1-based number of a 0-based row, for formats without lines."""
    return row + 1


def rows_per_batch(columns: int) -> int:
    """Return the maximum number of rows per batch of `columns` columns."""
    return max(1, min(MAX_BATCH_ROWS, BATCH_CELLS // max(1, columns)))


@dataclass(frozen=True)
class ArrowSource:
    """A `store.intake.source.TableSource` over Arrow batches.

    Attributes:
        columns: from left to right.
        open_batches: yields all rows from the first, with all columns or some.
        stated: the client's read options, used to parse text.
        options: detected options.
        notices: changes made.
        find_line: maps a 0-based row to its file line.
        row_shape: shape of a row of an array without column names, else None.
    """

    columns: Sequence[RawColumn]
    open_batches: OpenBatches
    stated: ReadOptions = field(default_factory=ReadOptions)
    options: Mapping[str, Any] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    find_line: Callable[[int], int | None] = row_number
    row_shape: tuple[int, ...] | None = None

    def batches(self, readings: Sequence[Reading | None]) -> Iterator[pa.RecordBatch]:
        """Yield all rows from the first. Raises WrongReadingError, IntakeError."""
        missing, decimal = self.stated.missing or (), self.stated.decimal or "."
        read = chosen(readings)
        for batch in self.open_batches(None if len(read) == len(readings) else [*read]):
            yield convert_batch(batch.columns, read, missing, decimal)

    def explain(self, column: int, text: str, expected: str) -> IntakeError:
        """Return the IntakeError for the first cell of a column that equals `text`."""
        row = self._find_row(column, text)
        line = None if row is None else self.find_line(row)
        name, shown = cut(self.columns[column].name), cut(text)
        where = f"column {name!r}" if line is None else f"line {line}, column {name!r}"
        detail = f"{where}: {shown!r} is not {expected}"
        return IntakeError("invalid_cell", detail, FileLocation(line, name, shown, expected))

    def _find_row(self, column: int, text: str) -> int | None:
        before = 0
        for batch in self.open_batches([column]):
            cells = as_text(batch.column(0))
            found = pc.index(pc.cast(cells, pa.string()), text).as_py()
            if found >= 0:
                return int(before + found)
            before += batch.num_rows
        return None


def schema_columns(
    schema: pa.Schema, max_columns: int, kept: Sequence[int]
) -> tuple[tuple[RawColumn, ...], tuple[Notice, ...]]:
    """Return the columns at the positions `kept` of a schema and notices of changes.

    Raises IntakeError.
    """
    check_column_count(len(schema), max_columns)
    columns, notices = [], []
    for index in kept:
        try:
            schema_field = schema.field(index)
            name, data_type = schema_field.name, schema_field.type
        except UnicodeDecodeError as error:
            detail = f"the name of column {index + 1} is not UTF-8 text"
            raise IntakeError("wrong_encoding", detail) from error
        columns.append(RawColumn(name, delivered_type(name, data_type)))
        if is_seconds(data_type):
            detail = f"cells of type {data_type} are read as seconds"
            notices.append(Notice("read_as_seconds", detail, name))
    return tuple(columns), tuple(notices)
