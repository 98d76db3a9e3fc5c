"""Access to input columns as the kinds the model was fitted on."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.matrix_columns import MatrixColumns
from engine.data.table import CategoricalColumn, Column, Level, NumericColumn
from engine.errors import DataError


def require_column(columns: Mapping[str, Column], name: str) -> Column:
    """Return the named column. Raises DataError if it does not exist."""
    if name not in columns:
        message = f"there is no column {name!r}"
        raise DataError(message)
    return columns[name]


def numeric_values(columns: Mapping[str, Column], name: str) -> NDArray[np.float64]:
    """Return the values of a numeric or time column; a categorical one without levels is all NaN.

    Raises:
        DataError: the column is missing, or has categories.
    """
    column = require_column(columns, name)
    if isinstance(column, NumericColumn):
        return column.values
    if not column.levels:
        return np.full(len(column.codes), np.nan)
    message = f"column {name!r} has categories, but the model expects numbers"
    raise DataError(message)


def numeric_table(
    columns: Mapping[str, Column], names: tuple[str, ...]
) -> list[NDArray[np.float64]] | NDArray[Any]:
    """Return numeric and time columns: an array per column, or one matrix `(rows, columns)`.

    A matrix may have another type than float64, to which `take_block` converts its rows.

    Raises:
        DataError: a column is missing, or has categories.
    """
    matrix = columns.find_matrix(names) if isinstance(columns, MatrixColumns) else None
    return [numeric_values(columns, name) for name in names] if matrix is None else matrix


def categorical_column(columns: Mapping[str, Column], name: str) -> CategoricalColumn:
    """Return a categorical, boolean or text column; a numeric one that is all NaN is all missing.

    Raises:
        DataError: the column is missing, or has numbers.
    """
    column = require_column(columns, name)
    if isinstance(column, CategoricalColumn):
        return column
    if np.isnan(column.values).all():
        return CategoricalColumn(np.full(len(column.values), -1, np.int32), ())
    message = f"column {name!r} has numbers, but the model expects categories"
    raise DataError(message)


def take_categories(column: CategoricalColumn, rows: Indices) -> CategoricalColumn:
    """Return some rows of a column, with only the levels in use if there are more levels than rows.

    Looking up every level of a column for each chunk would make large predictions quadratic.
    """
    codes = column.codes[rows]
    if len(column.levels) <= len(codes):
        return CategoricalColumn(codes, column.levels)
    used, new_codes = np.unique(codes, return_inverse=True)
    present = used[used >= 0]
    levels = tuple(column.levels[code] for code in present.tolist())
    # A missing value is the first used code, and stays −1.
    new_codes = new_codes - (len(used) - len(present))
    return CategoricalColumn(new_codes.astype(np.int32), levels)


# Lookup tables have one entry more than levels: code −1, missing, indexes the last one.


def boolean_codes(column: CategoricalColumn) -> Indices:
    """Return 0 or 1 per level, −1 for a level that is not a boolean; shape `(levels + 1,)`."""
    truth = [int(level) if isinstance(level, bool) else -1 for level in column.levels]
    return np.array([*truth, -1], np.intp)


def category_indices(
    index_of: Mapping[Level, int], column: CategoricalColumn, missing: int = -1
) -> Indices:
    """Return the fitted index of each level, −1 if it is unknown; the last entry is `missing`.

    Shape `(levels + 1,)`.
    """
    found = [index_of.get(level, -1) for level in column.levels]
    return np.array([*found, missing], np.intp)
