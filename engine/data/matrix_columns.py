"""Columns of a table whose numbers are one matrix."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, NumericColumn, count_rows, take_rows


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
        if names == self._names:
            return self._matrix
        positions = self._position_of
        if not all(name in positions for name in names):
            return None
        return self._matrix[:, [positions[name] for name in names]]

    @property
    def _position_of(self) -> dict[str, int]:
        if self._positions is None:
            self._positions = {name: index for index, name in enumerate(self._names)}
        return self._positions


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
