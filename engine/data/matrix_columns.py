"""Columns of a table whose numbers are one matrix."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, NumericColumn, count_rows, take_rows


class Extremes(NamedTuple):
    """The smallest and the largest number of each column, `(columns,)` each; NaN if one is NaN."""

    lowest: NDArray[Any]
    highest: NDArray[Any]


class MatrixColumns(Mapping[str, Column]):
    """Columns by name, of which the numeric ones are the columns of one matrix.

    Rows to predict arrive as a matrix; a column object per number would take longer than the
    network.

    Args:
        names: names of the matrix's columns.
        matrix: numbers, shape `(rows, len(names))`; NaN where a value is missing. Those of another
            type than float64 are converted where they are used, block by block.
        others: the columns that are not numeric.
    """

    def __init__(
        self, names: tuple[str, ...], matrix: NDArray[Any], others: Mapping[str, Column]
    ) -> None:
        self._names = names
        self._matrix = matrix
        self._others = others
        self._positions: dict[str, int] | None = None
        self._extremes: Extremes | None = None

    def __getitem__(self, name: str) -> Column:
        """Return a column; a numeric one is a view of a float64 matrix."""
        if name in self._others:
            return self._others[name]
        values = self._matrix[:, self._position_of[name]]
        return NumericColumn(values.astype(np.float64, copy=False))

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names: the matrix's columns first."""
        return iter((*self._names, *self._others))

    def __len__(self) -> int:
        return len(self._names) + len(self._others)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self._matrix)

    def take(self, rows: slice) -> "MatrixColumns":
        """Return views of consecutive rows."""
        others = {name: take_rows(column, rows) for name, column in self._others.items()}
        return MatrixColumns(self._names, self._matrix[rows], others)

    def find_matrix(self, names: Sequence[str]) -> NDArray[Any] | None:
        """Return the matrix of these columns, `(rows, len(names))`; None if some are not in it.

        It has the type of the matrix given; `take_block` converts its rows.
        """
        if self._are_all(names):
            return self._matrix
        positions = self._position_of
        if not all(name in positions for name in names):
            return None
        return self._matrix[:, [positions[name] for name in names]]

    def find_extremes(self, names: Sequence[str]) -> Extremes | None:
        """Return the extremes of these columns; None if some are not in the matrix, or no rows.

        Those of the whole matrix are computed once.
        """
        if self._extremes is None and len(self._matrix):
            self._extremes = _find_extremes(self._matrix)
        if self._extremes is None or self._are_all(names):
            return self._extremes
        positions = self._position_of
        if not all(name in positions for name in names):
            return None
        indices = [positions[name] for name in names]
        return Extremes(self._extremes.lowest[indices], self._extremes.highest[indices])

    def _are_all(self, names: Sequence[str]) -> bool:
        # Equality of the same tuple is found name by name.
        return names is self._names or names == self._names

    @property
    def _position_of(self) -> dict[str, int]:
        if self._positions is None:
            self._positions = {name: index for index, name in enumerate(self._names)}
        return self._positions


def _find_extremes(matrix: NDArray[Any]) -> Extremes:
    if len(matrix) == 1:
        return Extremes(matrix[0], matrix[0])
    return Extremes(matrix.min(axis=0), matrix.max(axis=0))


def are_within(
    columns: Mapping[str, Column],
    names: Sequence[str],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
) -> bool:
    """Return whether all numbers of some columns are present and within the bounds, inclusive.

    Only the extremes of each column are compared, which is several times as fast as to compare each
    number. False if the columns are not in one matrix.

    Args:
        columns: columns by name.
        names: names of the columns to compare.
        lower: lower bound of each of them, `(len(names), 1)`.
        upper: upper bound of each of them, `(len(names), 1)`.
    """
    extremes = columns.find_extremes(names) if isinstance(columns, MatrixColumns) else None
    if extremes is None:
        return False
    # An extreme that is NaN is within no bounds.
    within = (extremes.lowest >= lower[:, 0]) & (extremes.highest <= upper[:, 0])
    # It is counted in a fifth of the time of `all`.
    return int(np.count_nonzero(within)) == len(names)


def count_table_rows(columns: Mapping[str, Column]) -> int:
    """Return the number of rows of all columns; 0 without columns."""
    if isinstance(columns, MatrixColumns):
        return columns.rows
    return next((count_rows(column) for column in columns.values()), 0)


def take_table_rows(columns: Mapping[str, Column], rows: slice) -> Mapping[str, Column]:
    """Return views of consecutive rows of all columns."""
    if isinstance(columns, MatrixColumns):
        return columns.take(rows)
    return {name: take_rows(column, rows) for name, column in columns.items()}


def take_block(
    values: Sequence[NDArray[np.float64]] | NDArray[Any], rows: Indices | slice
) -> NDArray[np.float64]:
    """Return a copy of some rows of numeric columns, shape `(columns, rows)`, float64.

    Args:
        values: an array per column, or one matrix `(rows, columns)`, whose copy keeps its layout in
            memory.
        rows: the rows.
    """
    if isinstance(values, np.ndarray):
        return np.array(values[rows].T, np.float64, order="K")
    return np.array([column[rows] for column in values])
