"""Columns that may predict the target alone, judged by the inputs of a sample of the rows.

The screen overlooks no column that separates the classes of all rows, and is cheap for thousands
of columns; what it finds must be confirmed on all rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.rows import Rows
from engine.preparation.association import (
    correlation_ratio,
    correlations,
    separated_by_range,
    separated_by_value,
)
from engine.preprocessing.feature_layout import ColumnSlot, FeatureLayout, lay_out
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedText,
    FittedTime,
    NumericTarget,
    NumericTargets,
)
from engine.preprocessing.numeric_block import NumericBlock
from engine.preprocessing.preprocessing import Preprocessing

SAMPLE_ROWS = 1024
MIN_SAMPLE_ROWS = 64
SAMPLE_BYTES = 16 * 2**20
# Below the correlation that is reported: a sample and clipped inputs may lower it.
MIN_CORRELATION = 0.99
Inputs = NDArray[np.float64]
_SHIFTS = (1, 2, 3, 5)


def screen(preprocessing: Preprocessing, x: Rows, target: Inputs) -> list[str]:
    """Return the names of the columns that may predict the target alone.

    Args:
        preprocessing: the fitted preprocessing.
        x: inputs of the training rows.
        target: their numbers, or the indices of their classes, `(rows,)`.
    """
    rows = _sample_rows(len(x), x.shape[1] * x.dtype.itemsize)
    inputs = np.concatenate([x[row : row + 1] for row in rows.tolist()]).astype(np.float64)
    layout = lay_out(preprocessing.columns)
    names, values = _values_per_column(layout, inputs, x.dtype)
    if isinstance(preprocessing.target, NumericTarget | NumericTargets):
        found = _related_to_number(layout, inputs, names, values, target[rows])
    else:
        found = _separating(names, values, target[rows].astype(np.intp))
    # The parts of a time do not show its order.
    found |= {s.column.name for s in layout.encoded if isinstance(s.column, FittedTime)}
    return [column.name for column in preprocessing.columns if column.name in found]


def _sample_rows(rows: int, row_bytes: int) -> Indices:
    size = max(MIN_SAMPLE_ROWS, min(SAMPLE_ROWS, SAMPLE_BYTES // max(row_bytes, 1)))
    if rows <= size:
        return np.arange(rows)
    # Not every n-th row: files may repeat their classes in turn.
    return np.sort(np.random.default_rng(0).choice(rows, size, replace=False))


def _values_per_column(
    layout: FeatureLayout, inputs: Inputs, dtype: np.dtype[Any]
) -> tuple[list[str], Inputs]:
    """Return one number per sampled row and column, `(rows, columns)`, with the columns' names.

    A numeric column with missing values is NaN there, and occurs a second time as 0 and 1.
    """
    numbers = layout.numbers
    values = inputs[:, numbers.slots]
    is_missing = _find_missing(numbers, inputs, values, numbers.limits[dtype].fill)
    values = np.where(is_missing, np.nan, values)
    if len(numbers.logs):
        logs = values[:, numbers.logs] * numbers.scale[numbers.logs, 0]
        logs += numbers.center[numbers.logs, 0]
        with np.errstate(over="ignore"):
            values[:, numbers.logs] = np.sign(logs) * np.expm1(np.abs(logs))
    incomplete = np.flatnonzero(is_missing.any(axis=0))
    names = [*numbers.names, *(numbers.names[index] for index in incomplete.tolist())]
    slots = [
        slot for slot in layout.encoded if not isinstance(slot.column, FittedText | FittedTime)
    ]
    names += [slot.column.name for slot in slots]
    encoded = [_codes(slot, inputs) for slot in slots]
    return names, np.column_stack([values, is_missing[:, incomplete], *encoded])


def _find_missing(
    numbers: NumericBlock, inputs: Inputs, values: Inputs, fill: Floats
) -> NDArray[np.bool_]:
    """Return which values are missing, or equal the value that replaces a missing one."""
    is_missing: NDArray[np.bool_] = np.equal(values, fill.T)
    is_missing[:, numbers.indicated] |= inputs[:, numbers.indicators] > 0
    return is_missing


def _codes(slot: ColumnSlot, inputs: Inputs) -> Inputs:
    """Return a number per category of a non-numeric column, `(rows,)`."""
    block = inputs[:, slot.position]
    if not isinstance(slot.column, FittedCategories):
        return block[:, 0]
    codes: Inputs = (block * np.arange(1, block.shape[1] + 1)).sum(axis=1)
    return codes


def _separating(names: Sequence[str], values: Inputs, codes: Indices) -> set[str]:
    found = separated_by_range(values, codes)
    by_value = _may_separate(values, codes)
    if by_value.any():
        found[by_value] |= separated_by_value(values[:, by_value], codes)
    return {names[index] for index in np.flatnonzero(found).tolist()}


def _may_separate(values: Inputs, codes: Indices) -> NDArray[np.bool_]:
    """Return which columns repeat values, none of which was seen in two classes, `(columns,)`.

    Compares neighbours only, which needs no sorting: most columns are out of question at once.
    """
    repeats = np.zeros(values.shape[1], np.bool_)
    conflicts = np.zeros(values.shape[1], np.bool_)
    for shift in _SHIFTS:
        is_equal = values[shift:] == values[:-shift]
        differ = codes[shift:] != codes[:-shift]
        repeats |= is_equal.any(axis=0)
        conflicts |= is_equal[differ].any(axis=0)
    return repeats & ~conflicts


def _related_to_number(
    layout: FeatureLayout,
    inputs: Inputs,
    names: Sequence[str],
    values: Inputs,
    target: Inputs,
) -> set[str]:
    found = correlations(values, target) > MIN_CORRELATION
    related = {names[index] for index in np.flatnonzero(found).tolist()}
    for slot in layout.encoded:
        if isinstance(slot.column, FittedText | FittedTime | FittedBoolean):
            continue
        _, groups = np.unique(_codes(slot, inputs), return_inverse=True)
        if correlation_ratio(groups, target) > MIN_CORRELATION:
            related.add(slot.column.name)
    return related
