"""Cells of a file as arrays, for columns whose kinds are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

# number: typed numbers are read as float64. time: also timestamps, as seconds since 1970.
# value: every cell is read as a text, a number or a boolean.
CellUse = Literal["number", "time", "value"]


@dataclass(frozen=True)
class DistinctCells:
    """Cells as distinct values.

    Attributes:
        values: the texts, integers, floats or booleans that occur.
        codes: index of each row's value, shape `(rows,)`, int32; −1 is missing.
    """

    values: tuple[str | float | bool, ...]
    codes: NDArray[np.int32]


# float64, shape `(rows,)`; NaN is missing.
CellColumn: TypeAlias = NDArray[np.float64] | DistinctCells


@dataclass(frozen=True)
class CellTable:
    """The cells of the columns that were asked for.

    Attributes:
        rows: number of rows.
        columns: cells by column name.
    """

    rows: int
    columns: Mapping[str, CellColumn]


@dataclass(frozen=True)
class FoundColumns:
    """The columns of a file.

    Attributes:
        names: unique names from left to right, as a dataset would have them; generated for columns
            without a name.
        unnamed: the names that were generated because the header has none there.
        repeated: the name in the file by the name of each column that shares it with an earlier
            one.
        row_shape: shape of a row if the file has no column names at all, else None.
    """

    names: tuple[str, ...]
    unnamed: frozenset[str]
    repeated: Mapping[str, str]
    row_shape: tuple[int, ...] | None


@dataclass(frozen=True)
class CellRequest:
    """The cells to read.

    Attributes:
        known: names that a header may have; a first row of these names is a header.
        assign: returns name and use of each column to read, by its index.
        missing_numbers: numbers that mark a missing value in typed formats.
    """

    known: frozenset[str]
    assign: Callable[[FoundColumns], Mapping[int, tuple[str, CellUse]]]
    missing_numbers: frozenset[float]
