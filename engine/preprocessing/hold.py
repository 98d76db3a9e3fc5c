"""Holding numbers and times within the range of the training rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.preprocessing.fitted import FittedColumn, FittedNumeric, FittedTime
from engine.preprocessing.input_columns import numeric_values, require_column
from engine.preprocessing.out_of_range import OUTLIER_SPANS, expand_range


@dataclass(frozen=True)
class HeldRows:
    """Some rows of a table, whose numbers and times are within the range of the training rows.

    Attributes:
        columns: columns by name.
        replaced: whether each value was replaced, `(rows, columns)`, bool.
    """

    columns: dict[str, Column]
    replaced: NDArray[np.bool_]


def hold_in_range(
    fitted: Sequence[FittedColumn], columns: Mapping[str, Column], rows: Indices
) -> HeldRows:
    """Return rows of a table with each number moved to the nearest one that is not out of range.

    A number of a column without a known range is missing instead; a time is within the calendar
    in any case.

    Raises:
        DataError: a column is missing or of another kind.
    """
    held: dict[str, Column] = {}
    replaced = np.zeros((len(rows), len(fitted)), np.bool_)
    for index, column in enumerate(fitted):
        if isinstance(column, FittedNumeric | FittedTime):
            values = numeric_values(columns, column.name)[rows]
            kept = _hold(column, values)
            replaced[:, index] = (kept != values) & ~np.isnan(values)
            held[column.name] = NumericColumn(kept)
        else:
            held[column.name] = _take(require_column(columns, column.name), rows)
    return HeldRows(held, replaced)


def _hold(column: FittedNumeric | FittedTime, values: NDArray[np.float64]) -> NDArray[np.float64]:
    lower, upper = (bound[0, 0] for bound in expand_range([column], OUTLIER_SPANS))
    if isinstance(column, FittedNumeric) and not np.isfinite([lower, upper]).all():
        return np.full_like(values, np.nan)
    kept: NDArray[np.float64] = np.clip(values, lower, upper)
    return kept


def _take(column: Column, rows: Indices) -> Column:
    if isinstance(column, NumericColumn):
        return NumericColumn(column.values[rows])
    return CategoricalColumn(column.codes[rows], column.levels)
