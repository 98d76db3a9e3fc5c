"""Columns with missing values in the training rows."""

from collections.abc import Iterable, Mapping

import numpy as np

from engine.arrays import Indices
from engine.data.table import Column, NumericColumn


class IncompleteColumns:
    """Finds the columns with missing values in the training rows, one chunk after another.

    Args:
        names: names of the columns.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._complete = list(self._names)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns with missing values so far, in the given order."""
        complete = frozenset(self._complete)
        return tuple(name for name in self._names if name not in complete)

    def add(self, chunk: Mapping[str, Column], rows: Indices) -> None:
        """Add the training rows of the next chunk; `rows` are indices into it."""
        self._complete = [name for name in self._complete if _is_complete(chunk[name], rows)]


def _is_complete(column: Column, rows: Indices) -> bool:
    if isinstance(column, NumericColumn):
        # Most columns have no missing value in any row, which needs no copy of the training rows.
        return not (np.isnan(column.values).any() and np.isnan(column.values[rows]).any())
    return bool((column.codes[rows] >= 0).all())
