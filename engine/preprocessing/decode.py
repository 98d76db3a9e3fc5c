"""Decoding of reconstructed network inputs into column values: the inverse of the encoding."""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
)

DecodedValue: TypeAlias = float | bool | str | None


def decode(columns: Sequence[FittedColumn], inputs: Floats) -> list[list[DecodedValue]]:
    """Return the values of each column that the inputs stand for, one list of rows per column.

    Numbers: the scaling undone. Booleans: whether the input is above one half. Categories: the one
    with the largest input, None for the input that infrequent ones share; ordinal: the nearest.
    Times and texts: None, because their inputs do not determine the value.

    Args:
        columns: the fitted columns, none of them embedded.
        inputs: `(rows, inputs)`, such as the outputs of an autoencoder.
    """
    decoded, start = [], 0
    for column in columns:
        stop = start + inputs_of(column).width
        decoded.append(_decode(column, inputs[:, start:stop].astype(np.float64)))
        start = stop
    return decoded


def _decode(column: FittedColumn, inputs: NDArray[np.float64]) -> list[DecodedValue]:
    match column:
        case FittedNumeric():
            return _finite_numbers(_unscale(column, inputs[:, 0]))
        case FittedBoolean():
            return list((inputs[:, 0] > 0.5).tolist())
        case FittedCategories():
            return _most_likely(column, inputs)
        case FittedOrdinal():
            return _nearest(column, inputs[:, 0])
        case FittedTime() | FittedText() | FittedCodes():
            return [None] * len(inputs)
        case _:
            assert_never(column)


def _unscale(column: FittedNumeric, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        values = inputs * column.scale + column.center
        return np.copysign(np.expm1(np.abs(values)), values) if column.log else values


def _finite_numbers(values: NDArray[np.float64]) -> list[DecodedValue]:
    is_finite = np.isfinite(values).tolist()
    return [value if kept else None for value, kept in zip(values.tolist(), is_finite, strict=True)]


def _most_likely(column: FittedCategories, inputs: NDArray[np.float64]) -> list[DecodedValue]:
    categories: list[DecodedValue] = list(column.levels)
    if column.rest:
        categories.append(None)
    if not categories:
        return [None] * len(inputs)
    return [categories[index] for index in inputs[:, : len(categories)].argmax(axis=1).tolist()]


def _nearest(column: FittedOrdinal, inputs: NDArray[np.float64]) -> list[DecodedValue]:
    if not column.levels:
        return [None] * len(inputs)
    with np.errstate(over="ignore", invalid="ignore"):
        index = np.rint(inputs * column.scale + column.center)
    nearest = np.nan_to_num(index).clip(0, len(column.levels) - 1).astype(np.intp)
    return [column.levels[position] for position in nearest.tolist()]
