"""Vectorized scaling of numeric columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.matrix_columns import are_within, take_block
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
        lower: lower clipping bound of each column before scaling, shape `(columns, 1)`.
        upper: upper clipping bound of each column before scaling, shape `(columns, 1)`.
        limits: clipping limits after scaling, by dtype of the inputs.
        logs: indices of the columns with a logarithm.
        slots: input index of each column.
        indicated: indices of the columns with a missing indicator.
        indicators: input index of each of these indicators.
    """

    names: tuple[str, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    limits: dict[np.dtype[Any], Limits]
    logs: Indices
    slots: Indices | slice
    indicated: Indices
    indicators: Indices

    @cached_property
    def is_identity(self) -> bool:
        """Whether scaling changes no number."""
        is_scaled = self.center.any() or (self.scale != 1).any()
        return not (is_scaled or len(self.logs))


def stack_columns(numeric: Sequence[tuple[FittedNumeric, slice]], width: int) -> NumericBlock:
    """Stack the numeric columns, each with its inputs, of a layout of `width` inputs."""
    columns = [column for column, _ in numeric]
    slots: Indices | slice = np.array([inputs.start for _, inputs in numeric], np.intp)
    if len(numeric) == width:
        slots = slice(None)
    lower, upper = clip_range(columns)
    numbers = NumericBlock(
        names=tuple(column.name for column in columns),
        center=column_vector(column.center for column in columns),
        scale=column_vector(column.scale for column in columns),
        lower=lower,
        upper=upper,
        limits={},
        logs=np.flatnonzero([column.log for column in columns]),
        slots=slots,
        indicated=np.flatnonzero([column.indicator for column in columns]),
        indicators=np.array([i.stop - 1 for column, i in numeric if column.indicator], np.intp),
    )
    fill = column_vector(column.fill for column in columns)
    bounds = [_scale(numbers, values) for values in (lower, upper, fill)]
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        numbers.limits[dtype] = _cast_limits(bounds, dtype)
    return numbers


def _scale(numbers: NumericBlock, values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = values.copy()
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
    values, limits = numeric_table(columns, numbers.names), numbers.limits[x.dtype]
    needs_limits = not _are_within_limits(numbers, columns)
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), _BLOCK_ROWS):
            part = x[start : start + _BLOCK_ROWS]
            selected = _as_slice(rows[start : start + _BLOCK_ROWS])
            if needs_limits:
                _write_block(numbers, limits, take_block(values, selected), part)
            else:
                _write_present(numbers, values, selected, part)
            if not (limits.are_finite or allow_infinite):
                _check_finite(numbers, part)


def _are_within_limits(numbers: NumericBlock, columns: Mapping[str, Column]) -> bool:
    """Return whether all numbers are present and remain as they are when they are clipped.

    Rounding keeps their order: those within the bounds before scaling are so after it. The
    logarithm may not.
    """
    return not len(numbers.logs) and are_within(
        columns, numbers.names, numbers.lower, numbers.upper
    )


def _as_slice(rows: Indices) -> Indices | slice:
    """Return consecutive rows as a slice, which is faster than an index array."""
    first, last = rows[0], rows[-1]
    if last - first + 1 == len(rows) and (len(rows) == 1 or (rows[1:] > rows[:-1]).all()):
        return slice(first, last + 1)
    return rows


def _write_present(
    numbers: NumericBlock,
    values: Sequence[NDArray[np.float64]] | NDArray[Any],
    rows: Indices | slice,
    x: Floats,
) -> None:
    """Write rows whose numbers need neither clipping nor fill, with the bits of `_write_block`."""
    if numbers.is_identity and isinstance(values, np.ndarray) and values.dtype.kind == "f":
        # Exact in float64, thus rounded once at most; an integer would be rounded twice there.
        x[:, numbers.slots] = values[rows]
        return
    block = take_block(values, rows)
    block -= numbers.center
    block /= numbers.scale
    x[:, numbers.slots] = block.T


def _write_block(
    numbers: NumericBlock, limits: Limits, block: NDArray[np.float64], x: Floats
) -> None:
    """Scale a block of shape `(columns, rows)` in place and write it to x."""
    if len(numbers.logs):
        block[numbers.logs] = signed_log(block[numbers.logs])
    block -= numbers.center
    block /= numbers.scale
    scaled: Floats = block.astype(x.dtype, copy=False)
    np.maximum(scaled, limits.lower, out=scaled)
    np.minimum(scaled, limits.upper, out=scaled)
    missing = np.isnan(scaled)
    if np.count_nonzero(missing):
        np.copyto(scaled, limits.fill, where=missing)
        x[:, numbers.indicators] = missing[numbers.indicated].T
    x[:, numbers.slots] = scaled.T


def _check_finite(numbers: NumericBlock, x: Floats) -> None:
    finite = np.isfinite(x[:, numbers.slots])
    if not finite.all():
        name = numbers.names[int(np.argmin(finite.all(axis=0)))]
        message = f"column {name!r} has a number too large for {x.dtype}"
        raise DataError(message)
