"""From numbers as they are to inputs of the network, many columns at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.table import Column
from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.fitted import FittedNumeric
from engine.preprocessing.input_columns import numbers_of
from engine.preprocessing.out_of_range import CLIP_SPANS, as_columns, expand_range

# Rows converted at a time: their float64 block stays in the processor's cache.
_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Limits:
    """What inputs are cut to, and fills, scaled, in the inputs' type, `(columns, 1)` each.

    Attributes:
        least: inputs below it are cut to it; −inf where the training rows' range is unknown.
        most: inputs above it are cut to it.
        fill: what stands in for a missing value.
        are_finite: whether all of them are, so that every input will be.
    """

    least: Floats
    most: Floats
    fill: Floats
    are_finite: bool


@dataclass(frozen=True)
class NumericBlock:
    """The numeric columns, side by side so that they are scaled at once.

    Attributes:
        names: of the columns.
        center: of each, shape `(columns, 1)`.
        scale: likewise.
        limits: by the type of the inputs.
        logs: which of the columns are logarithms.
        slots: which inputs they are.
        indicated: which of the columns have an indicator.
        indicators: which inputs those are.
    """

    names: tuple[str, ...]
    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    limits: dict[np.dtype[Any], Limits]
    logs: Indices
    slots: Indices | slice
    indicated: Indices
    indicators: Indices


def stack_columns(numeric: Sequence[tuple[FittedNumeric, int]], width: int) -> NumericBlock:
    """The numeric columns, each with its first input, among so many inputs."""
    columns = [column for column, _ in numeric]
    slots: Indices | slice = np.array([slot for _, slot in numeric], np.intp)
    if len(numeric) == width:
        slots = slice(None)
    numbers = NumericBlock(
        names=tuple(column.name for column in columns),
        center=as_columns(column.center for column in columns),
        scale=as_columns(column.scale for column in columns),
        limits={},
        logs=np.flatnonzero([column.log for column in columns]),
        slots=slots,
        indicated=np.flatnonzero([column.indicator for column in columns]),
        indicators=np.array([slot + 1 for column, slot in numeric if column.indicator], np.intp),
    )
    fill = as_columns(column.fill for column in columns)
    ends = [_scaled(numbers, values) for values in (*expand_range(columns, CLIP_SPANS), fill)]
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        numbers.limits[dtype] = _limits(ends, dtype)
    return numbers


def _scaled(numbers: NumericBlock, values: NDArray[np.float64]) -> NDArray[np.float64]:
    values[numbers.logs] = signed_log(values[numbers.logs])
    with np.errstate(all="ignore"):
        return (values - numbers.center) / numbers.scale


def _limits(ends: Sequence[NDArray[np.float64]], dtype: np.dtype[Any]) -> Limits:
    with np.errstate(all="ignore"):
        least, most, fill = (values.astype(dtype) for values in ends)
    are_finite = all(bool(np.isfinite(values).all()) for values in (least, most, fill))
    return Limits(least, most, fill, are_finite)


def write_numbers(
    numbers: NumericBlock, columns: Mapping[str, Column], rows: Indices, x: Floats
) -> None:
    """Fill the numeric inputs of x, `(rows, width)`, a block of rows at a time.

    Raises:
        DataError: a column is missing or of another kind, or a number is too large for x.
    """
    if not numbers.names:
        return
    values = [numbers_of(columns, name) for name in numbers.names]
    with np.errstate(all="ignore"):
        limits = numbers.limits[x.dtype]
        for start in range(0, len(rows), _BLOCK_ROWS):
            taken = _as_slice(rows[start : start + _BLOCK_ROWS])
            block = np.array([column[taken] for column in values])
            _write_block(numbers, limits, block, x[start : start + _BLOCK_ROWS])


def _as_slice(rows: Indices) -> Indices | slice:
    """Rows that follow each other as a slice: they need not be gathered one by one."""
    if len(rows) > 1 and not (np.diff(rows) == 1).all():
        return rows
    return slice(rows[0], rows[-1] + 1)


def _write_block(
    numbers: NumericBlock, limits: Limits, block: NDArray[np.float64], x: Floats
) -> None:
    """Scale a block of shape `(columns, rows)` in place and copy it to x."""
    if len(numbers.logs):
        block[numbers.logs] = signed_log(block[numbers.logs])
    block -= numbers.center
    block /= numbers.scale
    scaled: Floats = block.astype(x.dtype, copy=False)
    np.maximum(scaled, limits.least, out=scaled)
    np.minimum(scaled, limits.most, out=scaled)
    missing = np.isnan(scaled)
    if missing.any():
        np.copyto(scaled, limits.fill, where=missing)
        x[:, numbers.indicators] = missing[numbers.indicated].T
    if not limits.are_finite:
        _require_finite(numbers, scaled)
    x[:, numbers.slots] = scaled.T


def _require_finite(numbers: NumericBlock, scaled: Floats) -> None:
    finite = np.isfinite(scaled)
    if not finite.all():
        name = numbers.names[int(np.argmin(finite.all(axis=1)))]
        message = f"column {name!r} has a number too large for {scaled.dtype}"
        raise DataError(message)
