"""The interface of every file format: batches of raw columns with a bounded number of rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pyarrow as pa

from store.datasets.columns import Notice

# How a column's cells are returned: parsed to float64 while reading, as text, or in their own type.
Reading = Literal["number", "text", "typed"]


class WrongReadingError(Exception):
    """A column does not fit its planned reading and must be read again with another one.

    Attributes:
        column: index of the column.
        reading: a reading that the column fits.
    """

    def __init__(self, column: int, reading: Reading = "text") -> None:
        self.column = column
        self.reading = reading
        super().__init__(f"column {column} must be read as {reading}")


@dataclass(frozen=True)
class RawColumn:
    """A column of a source.

    Attributes:
        name: the name in the file; it may be empty, repeated or padded.
        type: None for text whose kind must be inferred, otherwise the Arrow type.
    """

    name: str
    type: pa.DataType | None = None


class TableSource(Protocol):
    """An open file of any format. Opening and reading raise IntakeError."""

    @property
    def columns(self) -> Sequence[RawColumn]:
        """Columns from left to right; available before any row is read."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Detected options, keyed by the names of `ReadOptions`."""
        ...

    @property
    def notices(self) -> Sequence[Notice]:
        """Notices of changes and guesses."""
        ...

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """Shape of a row if the file has no column names, so that `columns` are numbered."""
        ...

    def batches(self, readings: Sequence[Reading | None]) -> Iterator[pa.RecordBatch]:
        """Yield all rows from the first in batches of a few MiB; repeated calls start again.

        A column read as "number" is float64, as "text" string or dictionary of string, as "typed"
        its own Arrow type. Missing cells are null. The name of a column is its index. Columns whose
        reading is None are left out; at least one is read. Raises WrongReadingError, IntakeError.
        """
        ...

    def explain(self, column: int, text: str, expected: str) -> Exception:
        """Return the IntakeError for a cell that does not fit its stated kind, with its line."""
        ...


def chosen(readings: Sequence[Reading | None]) -> dict[int, Reading]:
    """Return the readings of the columns to read, by index from left to right."""
    return {index: reading for index, reading in enumerate(readings) if reading is not None}
