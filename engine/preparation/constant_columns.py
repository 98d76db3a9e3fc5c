"""Columns that have the same value in every row of a table."""

from collections.abc import Iterable, Mapping

import numpy as np

from engine.data.table import Column, NumericColumn, count_rows

_Value = float | str | bool | None


class ConstantColumns:
    """Finds the columns with one value, or none, in all rows, from one chunk after another.

    Args:
        names: names of the columns.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._values: dict[str, _Value] = {}

    @property
    def names(self) -> list[str]:
        """The columns that have not varied so far."""
        return self._names

    def add(self, chunk: Mapping[str, Column]) -> None:
        """Add the next rows of the table."""
        self._names = [name for name in self._names if self._is_same(name, chunk[name])]

    def _is_same(self, name: str, column: Column) -> bool:
        """Return whether all rows have the column's value of the rows before."""
        if not count_rows(column):
            return True
        if isinstance(column, NumericColumn):
            first = float(column.values[0])
            value: _Value = None if np.isnan(first) else first
            same = np.isnan(column.values) if value is None else column.values == first
        else:
            code = int(column.codes[0])
            value, same = column.levels[code] if code >= 0 else None, column.codes == code
        return bool(same.all()) and self._values.setdefault(name, value) == value
