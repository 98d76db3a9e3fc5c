"""A table as the engine sees it: its description, and its columns as arrays."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ColumnKind = Literal["numeric", "boolean", "categorical", "text"]
Level = str | int | float | bool


@dataclass(frozen=True)
class ColumnSchema:
    """What is known of a column before its rows are read.

    Attributes:
        name: the column's name, unique in its table.
        kind: numeric, boolean, categorical (few distinct texts) or text (many).
        missing: rows without a value.
        distinct: number of distinct values; None when there are too many to count.
        integral: every value is a whole number (numeric columns only).
        minimum: the smallest value; None if it is unknown (numeric columns only).
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
class NumericColumn:
    """Numbers, shape `(rows,)`, float64; NaN where the value is missing."""

    values: NDArray[np.float64]


@dataclass(frozen=True)
class LevelColumn:
    """Categories: codes of shape `(rows,)`, int32, index `levels`; −1 where one is missing."""

    codes: NDArray[np.int32]
    levels: tuple[str, ...] | tuple[bool, ...]


Column = NumericColumn | LevelColumn
