"""Flags for unusual values in prediction requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.matrix_columns import are_within, take_block
from engine.data.table import CategoricalColumn, Column
from engine.preprocessing.feature_layout import ColumnSlot
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedColumn,
    FittedNumeric,
    FittedText,
    FittedTime,
)
from engine.preprocessing.input_columns import (
    boolean_codes,
    categorical_column,
    category_indices,
    numeric_table,
)
from engine.preprocessing.out_of_range import OUTLIER_SPANS, expand_range

_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Flags:
    """Per-value flags, each of shape `(rows, columns)`, bool.

    Attributes:
        imputed: the value was missing and is replaced.
        unknown: the category is not one of the fitted categories.
        out_of_range: the number or time lies outside the training range by more than half its
            width; if the width is 0, any other value.
        untrained: the value has no effect, because the column's input was the same in all training
            rows and is held at that; set by `engine.preprocessing.untrained`.
    """

    imputed: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    out_of_range: NDArray[np.bool_]
    untrained: NDArray[np.bool_]


@dataclass(frozen=True)
class Ranges:
    """Outlier bounds of the numeric and time columns.

    Attributes:
        indices: indices among all columns.
        names: names of the columns, in this order.
        lower: the smallest value that is not out of range, shape `(columns, 1)`.
        upper: the largest value that is not out of range, shape `(columns, 1)`.
    """

    indices: list[int]
    names: tuple[str, ...]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def find_ranges(columns: Sequence[FittedColumn]) -> Ranges:
    """Return the outlier bounds of every numeric and time column."""
    found = [
        (index, column)
        for index, column in enumerate(columns)
        if isinstance(column, FittedNumeric | FittedTime)
    ]
    lower, upper = expand_range([column for _, column in found], OUTLIER_SPANS)
    names = tuple(column.name for _, column in found)
    return Ranges([i for i, _ in found], names, lower, upper)


def compute_flags(
    columns: Sequence[FittedColumn],
    ranges: Ranges,
    encoded: Sequence[ColumnSlot],
    columns_by_name: Mapping[str, Column],
    rows: int,
) -> Flags:
    """Return the flags of every value but `untrained`, which is all False.

    Args:
        columns: the fitted columns.
        ranges: outlier bounds of those columns.
        encoded: the non-numeric columns.
        columns_by_name: input columns by name.
        rows: number of input rows.

    Raises:
        DataError: a column is missing or of another kind.
    """
    flags = Flags(*np.zeros((4, rows, len(columns)), np.bool_))
    is_in_range = are_within(columns_by_name, ranges.names, ranges.lower, ranges.upper)
    if ranges.names and not is_in_range:
        _flag_numbers(ranges, numeric_table(columns_by_name, ranges.names), flags)
    for slot in encoded:
        if not isinstance(slot.column, FittedTime):
            column = categorical_column(columns_by_name, slot.column.name)
            flags.imputed[:, slot.index] = column.codes < 0
            flags.unknown[:, slot.index] = _is_unknown(slot, column)
    return flags


def _flag_numbers(
    ranges: Ranges, columns: Sequence[NDArray[np.float64]] | NDArray[Any], flags: Flags
) -> None:
    """Flag missing and out-of-range numbers, one block of rows at a time."""
    for start in range(0, len(flags.imputed), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        values = take_block(columns, rows)
        # Also false if any value is NaN; otherwise nothing in the block is flagged.
        if ((values >= ranges.lower) & (values <= ranges.upper)).all():
            continue
        flags.imputed[rows, ranges.indices] = np.isnan(values).T
        is_outlier = (values < ranges.lower) | (values > ranges.upper)
        flags.out_of_range[rows, ranges.indices] = is_outlier.T


def _is_unknown(slot: ColumnSlot, column: CategoricalColumn) -> NDArray[np.bool_]:
    if isinstance(slot.column, FittedText):
        return np.zeros(len(column.codes), np.bool_)
    if isinstance(slot.column, FittedBoolean):
        found = boolean_codes(column)
    else:
        found = category_indices(slot.index_of, column)
    unknown: NDArray[np.bool_] = (found[column.codes] < 0) & (column.codes >= 0)
    return unknown
