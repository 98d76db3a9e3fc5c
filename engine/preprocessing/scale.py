"""Vectorized scaling of numeric columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.matrix_columns import take_block
from engine.data.table import Column
from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.fitted import FittedNumeric
from engine.preprocessing.input_columns import numeric_table
from engine.preprocessing.out_of_range import clip_range, column_vector

# Rows per block: the float64 block fits in the processor's cache.
_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Limits:
    """Clipping bounds and fill values after scaling, in the inputs' type, `(columns, 1)` each.

    Attributes:
        lower: lower clipping bound; −inf where the training range is unknown.
        upper: upper clipping bound; inf where the training range is unknown.
        fill: replacement for a missing value.
        are_finite: whether all of these, and therefore all inputs, are finite.
    """

    lower: Floats
    upper: Floats
    fill: Floats
    are_finite: bool


@dataclass(frozen=True)
class NumericBlock:
    """The numeric columns, stacked so that they are scaled together.

    Attributes:
        names: names of the columns.
        center: center of each column, shape `(columns, 1)`.
        scale: scale of each column, shape `(columns, 1)`.
        limits: clipping limits by dtype of the inputs.
        logs: indices of the columns with a logarithm.
        slots: input index of each column.
        indicated: indices of the columns with a missing indicator.
        indicators: input index of each of these indicators.
    """

    names: tuple[str, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    limits: dict[np.dtype[Any], Limits]
    logs: Indices
    slots: Indices | slice
    indicated: Indices
    indicators: Indices


def stack_columns(numeric: Sequence[tuple[FittedNumeric, slice]], width: int) -> NumericBlock:
    """Stack the numeric columns, each with its inputs, of a layout of `width` inputs."""
    columns = [column for column, _ in numeric]
    slots: Indices | slice = np.array([inputs.start for _, inputs in numeric], np.intp)
    if len(numeric) == width:
        slots = slice(None)
    numbers = NumericBlock(
        names=tuple(column.name for column in columns),
        center=column_vector(column.center for column in columns),
        scale=column_vector(column.scale for column in columns),
        limits={},
        logs=np.flatnonzero([column.log for column in columns]),
        slots=slots,
        indicated=np.flatnonzero([column.indicator for column in columns]),
        indicators=np.array([i.stop - 1 for column, i in numeric if column.indicator], np.intp),
    )
    fill = column_vector(column.fill for column in columns)
    bounds = [_scale(numbers, values) for values in (*clip_range(columns), fill)]
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        numbers.limits[dtype] = _cast_limits(bounds, dtype)
    return numbers


def _scale(numbers: NumericBlock, values: NDArray[np.float64]) -> NDArray[np.float64]:
    values[numbers.logs] = signed_log(values[numbers.logs])
    with np.errstate(all="ignore"):
        return (values - numbers.center) / numbers.scale


def _cast_limits(bounds: Sequence[NDArray[np.float64]], dtype: np.dtype[Any]) -> Limits:
    with np.errstate(all="ignore"):
        lower, upper, fill = (values.astype(dtype) for values in bounds)
    are_finite = all(bool(np.isfinite(values).all()) for values in (lower, upper, fill))
    return Limits(lower, upper, fill, are_finite)


def write_numbers(
    numbers: NumericBlock,
    columns: Mapping[str, Column],
    rows: Indices,
    x: Floats,
    *,
    allow_infinite: bool = False,
) -> None:
    """Write the numeric inputs of x, `(rows, width)`, one block of rows at a time.

    Raises:
        DataError: a column is missing or of another kind, or a number is too large for x, unless
            `allow_infinite`.
    """
    if not numbers.names:
        return
    values = numeric_table(columns, numbers.names)
    with np.errstate(all="ignore"):
        limits = numbers.limits[x.dtype]
        for start in range(0, len(rows), _BLOCK_ROWS):
            selected = _as_slice(rows[start : start + _BLOCK_ROWS])
            block = take_block(values, selected)
            scaled = _write_block(numbers, limits, block, x[start : start + _BLOCK_ROWS])
            if not (limits.are_finite or allow_infinite):
                _check_finite(numbers, scaled)


def _as_slice(rows: Indices) -> Indices | slice:
    """Return consecutive rows as a slice, which is faster than an index array."""
    if len(rows) > 1 and not (np.diff(rows) == 1).all():
        return rows
    return slice(rows[0], rows[-1] + 1)


def _write_block(
    numbers: NumericBlock, limits: Limits, block: NDArray[np.float64], x: Floats
) -> Floats:
    """Scale a block of shape `(columns, rows)` in place, write it to x and return it."""
    if len(numbers.logs):
        block[numbers.logs] = signed_log(block[numbers.logs])
    block -= numbers.center
    block /= numbers.scale
    scaled: Floats = block.astype(x.dtype, copy=False)
    np.maximum(scaled, limits.lower, out=scaled)
    np.minimum(scaled, limits.upper, out=scaled)
    missing = np.isnan(scaled)
    if missing.any():
        np.copyto(scaled, limits.fill, where=missing)
        x[:, numbers.indicators] = missing[numbers.indicated].T
    x[:, numbers.slots] = scaled.T
    return scaled


def _check_finite(numbers: NumericBlock, scaled: Floats) -> None:
    finite = np.isfinite(scaled)
    if not finite.all():
        name = numbers.names[int(np.argmin(finite.all(axis=1)))]
        message = f"column {name!r} has a number too large for {scaled.dtype}"
        raise DataError(message)
