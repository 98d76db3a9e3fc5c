"""Columns as they are given, for what the model knows them to be."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import CategoricalColumn, Column, Level, NumericColumn
from engine.errors import DataError


def require_column(columns: Mapping[str, Column], name: str) -> Column:
    """The column of that name. Raises DataError if there is none."""
    if name not in columns:
        message = f"there is no column {name!r}"
        raise DataError(message)
    return columns[name]


def numbers_of(columns: Mapping[str, Column], name: str) -> NDArray[np.float64]:
    """The values of a column of numbers or times; one without any level has no values at all.

    Raises:
        DataError: it is missing, or has categories.
    """
    column = require_column(columns, name)
    if isinstance(column, NumericColumn):
        return column.values
    if not column.levels:
        return np.full(len(column.codes), np.nan)
    message = f"column {name!r} has categories where the model knows numbers"
    raise DataError(message)


def categories_of(columns: Mapping[str, Column], name: str) -> CategoricalColumn:
    """A column of categories, truth values or texts; one without any number has none at all.

    Raises:
        DataError: it is missing, or has numbers.
    """
    column = require_column(columns, name)
    if isinstance(column, CategoricalColumn):
        return column
    if np.isnan(column.values).all():
        return CategoricalColumn(np.full(len(column.values), -1, np.int32), ())
    message = f"column {name!r} has numbers where the model knows categories"
    raise DataError(message)


def take_levels(column: CategoricalColumn, rows: Indices) -> CategoricalColumn:
    """Some rows of a column; of more levels than rows, the levels that are used."""
    codes = column.codes[rows]
    if len(column.levels) <= len(codes):
        return CategoricalColumn(codes, column.levels)
    used, places = np.unique(codes, return_inverse=True)
    known = used[used >= 0]
    levels = tuple(column.levels[code] for code in known.tolist())
    # A missing value comes first of those used, and stays −1.
    places = places - (len(used) - len(known))
    return CategoricalColumn(places.astype(np.int32), levels)


# Codes are looked up in a table with one more entry: code −1, missing, finds that last one.


def truth_of_level(column: CategoricalColumn) -> Indices:
    """0 or 1 for each level, −1 for one that is no truth value; shape `(levels + 1,)`."""
    truth = [int(level) if isinstance(level, bool) else -1 for level in column.levels]
    return np.array([*truth, -1], np.intp)


def index_of_level(
    index_of: Mapping[Level, int], column: CategoricalColumn, missing: int = -1
) -> Indices:
    """The known index of each level, −1 if there is none; last, that of a missing one.

    Shape `(levels + 1,)`.
    """
    found = [index_of.get(level, -1) for level in column.levels]
    return np.array([*found, missing], np.intp)
