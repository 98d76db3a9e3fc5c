"""What a model guessed of rows that it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    categories_of,
    index_of_level,
    numbers_of,
    truth_of_level,
)
from engine.preprocessing.out_of_range import OUTLIER_SPANS, expand_range

_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Flags:
    """What was made up or not understood, each of shape `(rows, columns)`, bool.

    Attributes:
        imputed: a value was missing and something stands in for it.
        unknown: a category that the model does not tell apart from others.
        out_of_range: a number or time that lies beyond the training rows' by more than half
            their range; if they all had the same, any other.
    """

    imputed: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    out_of_range: NDArray[np.bool_]


@dataclass(frozen=True)
class Ranges:
    """The columns of numbers and times side by side: where they are, and what is near.

    Attributes:
        indices: among the columns.
        names: of the columns.
        least: the smallest value that is not far out, shape `(columns, 1)`.
        most: the largest.
    """

    indices: list[int]
    names: list[str]
    least: NDArray[np.float64]
    most: NDArray[np.float64]


def find_ranges(columns: Sequence[FittedColumn]) -> Ranges:
    """What is near, of every column that has a range."""
    found = [
        (index, column)
        for index, column in enumerate(columns)
        if isinstance(column, FittedNumeric | FittedTime)
    ]
    least, most = expand_range([column for _, column in found], OUTLIER_SPANS)
    return Ranges([i for i, _ in found], [column.name for _, column in found], least, most)


def compute_flags(
    columns: Sequence[FittedColumn],
    ranges: Ranges,
    others: Sequence[ColumnSlot],
    given: Mapping[str, Column],
    rows: int,
) -> Flags:
    """The flags of every value.

    Args:
        columns: as fitted.
        ranges: of those columns.
        others: those of them that are not numeric, by their levels.
        given: columns by name.
        rows: that they have.

    Raises:
        DataError: a column is missing or of another kind.
    """
    flags = Flags(*np.zeros((3, rows, len(columns)), np.bool_))
    if ranges.names:
        _compare(ranges, [numbers_of(given, name) for name in ranges.names], flags)
    for placed in others:
        if not isinstance(placed.column, FittedTime):
            column = categories_of(given, placed.column.name)
            flags.imputed[:, placed.index] = column.codes < 0
            flags.unknown[:, placed.index] = _is_unknown(placed, column)
    return flags


def _compare(ranges: Ranges, columns: Sequence[NDArray[np.float64]], flags: Flags) -> None:
    """Which numbers are missing or far out, a block of rows at a time."""
    for start in range(0, len(flags.imputed), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        values = np.array([column[rows] for column in columns])
        # False for NaN as well: where all are near there is nothing to flag.
        if ((values >= ranges.least) & (values <= ranges.most)).all():
            continue
        flags.imputed[rows, ranges.indices] = np.isnan(values).T
        is_far = (values < ranges.least) | (values > ranges.most)
        flags.out_of_range[rows, ranges.indices] = is_far.T


def _is_unknown(placed: ColumnSlot, column: CategoricalColumn) -> NDArray[np.bool_]:
    if isinstance(placed.column, FittedText):
        return np.zeros(len(column.codes), np.bool_)
    if isinstance(placed.column, FittedBoolean):
        found = truth_of_level(column)
    else:
        found = index_of_level(placed.index_of, column)
    unknown: NDArray[np.bool_] = (found[column.codes] < 0) & (column.codes >= 0)
    return unknown
