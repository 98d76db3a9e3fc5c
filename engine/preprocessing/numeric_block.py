"""The numeric columns of a model, stacked so that they are scaled together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.numerics.special import signed_log
from engine.preprocessing.fitted import FittedNumeric
from engine.preprocessing.out_of_range import clip_range, column_vector


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
