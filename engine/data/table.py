"""The engine's view of a table: its schema, and its columns as arrays."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.errors import DataError

ColumnKind = Literal["numeric", "boolean", "categorical", "text", "time"]
Level = str | int | float | bool
# ISO 8601 times such as 2024-01-31 and 2024-01-31T10:30:00Z; other formats are strptime's.
ISO = "iso"


@dataclass(frozen=True)
class FileConventions:
    """How a table's file writes values, so that prediction requests can use the same notation.

    Attributes:
        missing: texts that stand for a missing value, besides the empty one.
        decimal: the decimal separator.
        time_formats: format of each time column by name: ISO or a strptime format.
    """

    missing: tuple[str, ...] = ()
    decimal: str = "."
    time_formats: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnSchema:
    """Column properties known before the rows are read.

    Attributes:
        name: the column's name, unique in its table.
        kind: numeric, boolean, categorical (few distinct texts), text (many) or time.
        missing: number of rows without a value.
        distinct: number of distinct values; None if there are too many to count.
        integral: every value is a whole number; in a time column, midnight.
        minimum: the smallest value; None if unknown (numeric and time columns only).
        maximum: the largest value; None if unknown (numeric and time columns only).
        mean: the mean of the values; None if unknown (numeric and time columns only).
        std: their standard deviation, over the count; None if unknown.
        all_different: whether no value occurs in two rows; None if unknown. Among more than 16,000
            whole numbers a few repetitions may be overlooked.
        levels: the texts of all distinct values; None if some of them are not known.
    """

    name: str
    kind: ColumnKind
    missing: int
    distinct: int | None
    integral: bool = False
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    all_different: bool | None = None
    levels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TableSchema:
    """Table properties known before the rows are read.

    Attributes:
        rows: number of rows.
        columns: from left to right.
        words: notation of the table's file.
    """

    rows: int
    columns: tuple[ColumnSchema, ...]
    words: FileConventions = FileConventions()


class Named(Protocol):
    """A description of a column."""

    @property
    def name(self) -> str:
        """The column's name."""
        ...


NamedColumn = TypeVar("NamedColumn", bound=Named)


def find_column(columns: Iterable[NamedColumn], name: str) -> NamedColumn | None:
    """Return the column of that name; None if there is none."""
    return next((column for column in columns if column.name == name), None)


def is_constant(column: ColumnSchema, rows: int) -> bool:
    """Return whether a column has the same value, or none, in every one of `rows` rows."""
    return column.missing >= rows or (column.distinct == 1 and not column.missing)


def level_text(level: Level) -> str:
    """Return a category or class as text; booleans as in JSON."""
    return str(level).lower() if isinstance(level, bool) else str(level)


@dataclass(frozen=True)
class NumericColumn:
    """Numbers, shape `(rows,)`, float64; NaN where the value is missing.

    Times are stored as numbers: seconds since 1970-01-01T00:00:00Z.
    """

    values: NDArray[np.float64]


@dataclass(frozen=True)
class CategoricalColumn:
    """Categories or texts: `codes`, `(rows,)`, int32, are indices into `levels`; −1 is missing.

    The order of `levels` may differ between chunks of one table.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...] | tuple[bool, ...]


Column = NumericColumn | CategoricalColumn


class Table(Protocol):
    """A table whose rows may not fit in memory."""

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def words(self) -> FileConventions:
        """Notation of the table's file."""
        ...

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        """Return whole columns by name. Raises DataError if a column does not exist."""
        ...

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        """Yield the columns in chunks of consecutive rows."""
        ...


@dataclass(frozen=True)
class MemoryTable:
    """A table whose columns are in memory."""

    columns: Mapping[str, Column]
    words: FileConventions = FileConventions()
    chunk_rows: int = 65_536

    @property
    def rows(self) -> int:
        """Number of rows."""
        return max((count_rows(column) for column in self.columns.values()), default=0)

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        """Return whole columns by name. Raises DataError if a column does not exist."""
        for name in names:
            if name not in self.columns:
                message = f"there is no column {name!r}"
                raise DataError(message)
        return {name: self.columns[name] for name in names}

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        """Yield the columns in chunks of consecutive rows."""
        selected = self.read(names)
        for start in range(0, self.rows, self.chunk_rows):
            rows = slice(start, start + self.chunk_rows)
            yield {name: take_rows(column, rows) for name, column in selected.items()}


def count_rows(column: Column) -> int:
    """Return the number of rows of a column."""
    return len(column.values if isinstance(column, NumericColumn) else column.codes)


def take_rows(column: Column, rows: slice | Indices) -> Column:
    """Return a view of consecutive rows of a column, or a copy of the rows of these indices."""
    if isinstance(column, NumericColumn):
        return NumericColumn(column.values[rows])
    return CategoricalColumn(column.codes[rows], column.levels)
