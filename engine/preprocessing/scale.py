"""Vectorized scaling of numeric columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.matrix_columns import are_within, take_block
from engine.data.table import Column
from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.input_columns import numeric_table
from engine.preprocessing.numeric_block import Limits, NumericBlock

# Rows per block: the float64 block fits in the processor's cache.
_BLOCK_ROWS = 256


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


def find_inputs(
    numbers: NumericBlock, columns: Mapping[str, Column], dtype: np.dtype[Any]
) -> Floats | None:
    """Return the matrix of the columns if it is the network's inputs as it is, else None.

    It belongs to the caller of the prediction and must not be changed.

    Raises:
        DataError: a column is missing or of another kind.
    """
    if not (numbers.names and numbers.is_identity and isinstance(numbers.slots, slice)):
        return None
    values = numeric_table(columns, numbers.names)
    if not isinstance(values, np.ndarray) or values.dtype != dtype:
        return None
    is_array = values.flags.c_contiguous and values.flags.aligned
    return values if is_array and _are_within_limits(numbers, columns) else None


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
        raise DataError(message, name)
