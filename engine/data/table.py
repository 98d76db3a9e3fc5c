"""A table as the engine sees it: its description, and its columns as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError

ColumnKind = Literal["numeric", "boolean", "categorical", "text", "time"]
Level = str | int | float | bool
# The time format of texts such as 2024-01-31 and 2024-01-31T10:30:00Z; others are strptime's.
ISO = "iso"


@dataclass(frozen=True)
class ColumnSchema:
    """What is known of a column before its rows are read.

    Attributes:
        name: the column's name, unique in its table.
        kind: numeric, boolean, categorical (few distinct texts), text (many) or time.
        missing: rows without a value.
        distinct: number of distinct values; None when there are too many to count.
        integral: every value is a whole number, or of a time column: midnight.
        minimum: the smallest value; None if it is unknown (numeric and time columns only).
    """

    name: str
    kind: ColumnKind
    missing: int
    distinct: int | None
    integral: bool = False
    minimum: float | None = None


@dataclass(frozen=True)
class TableSchema:
    """What is known of a table before its rows are read."""

    rows: int
    columns: tuple[ColumnSchema, ...]


@dataclass(frozen=True)
class FileConventions:
    """How a table's file wrote things, so that predictions can be asked for in the same words.

    Attributes:
        missing: texts that stand for a missing value, besides the empty one.
        decimal: what stands between a number's whole part and its fraction.
        time_formats: of time columns by name: ISO, or as strptime takes it.
    """

    missing: tuple[str, ...] = ()
    decimal: str = "."
    time_formats: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NumericColumn:
    """Numbers, shape `(rows,)`, float64; NaN where the value is missing.

    Times are numbers too: seconds since 1970-01-01T00:00:00Z.
    """

    values: NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalColumn:
    """Categories or texts: codes of shape `(rows,)`, int32, index `levels`; −1 if one is missing.

    The same column may have its levels in another order in another chunk of its table.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...] | tuple[bool, ...]


Column = NumericColumn | CategoricalColumn


class Table(Protocol):
    """Rows that may be more than fit in memory."""

    @property
    def rows(self) -> int:
        """Rows of the table."""
        ...

    @property
    def words(self) -> FileConventions:
        """Of its file."""
        ...

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        """Whole columns by name. Raises DataError if there is no such column."""
        ...

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        """The same columns, some rows at a time, in order."""
        ...


@dataclass(frozen=True)
class MemoryTable:
    """A table of columns that are in memory."""

    columns: Mapping[str, Column]
    words: FileConventions = FileConventions()
    chunk_rows: int = 65_536

    @property
    def rows(self) -> int:
        """Rows of the table."""
        return max((count_rows(column) for column in self.columns.values()), default=0)

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        """Whole columns by name. Raises DataError if there is no such column."""
        for name in names:
            if name not in self.columns:
                message = f"there is no column {name!r}"
                raise DataError(message)
        return {name: self.columns[name] for name in names}

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        """The same columns, some rows at a time, in order."""
        found = self.read(names)
        for start in range(0, self.rows, self.chunk_rows):
            rows = slice(start, start + self.chunk_rows)
            yield {name: take_rows(column, rows) for name, column in found.items()}


def count_rows(column: Column) -> int:
    """Rows of a column."""
    return len(column.values if isinstance(column, NumericColumn) else column.codes)


def take_rows(column: Column, rows: slice) -> Column:
    """Views of some rows of a column."""
    if isinstance(column, NumericColumn):
        return NumericColumn(column.values[rows])
    return CategoricalColumn(column.codes[rows], column.levels)
