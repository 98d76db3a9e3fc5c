"""Arrays to plain numbers, and which rows and entries are shown."""

import math
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.explain.explanation.values import Quantity
from engine.explain.step_trace import Recorded
from engine.numerics.norms import euclidean_norm, finite_or_none

Scalar = TypeVar("Scalar", bound=np.generic)


def number(value: np.floating | float) -> float | None:
    """Return the value as a float, 0 without a sign; None if it is not finite."""
    return finite_or_none(float(value) + 0.0)


def numbers(values: Iterable[np.floating | float]) -> tuple[float | None, ...]:
    """Return the values as floats; None for those that are not finite."""
    return tuple(map(number, values))


def flat_numbers(array: Floats, shown: slice) -> tuple[float | None, ...]:
    """Return a part of the values of an array in row-major order."""
    return numbers(array.reshape(-1)[shown].tolist())


def norm_of(array: Floats | None) -> float | None:
    """Return the Euclidean norm of an array; None without one, or if it is not finite."""
    return None if array is None else number(euclidean_norm(array.reshape(-1)))


def share_of(part: Floats, whole: Floats) -> float | None:
    """Return Σ |part| / Σ |whole|; None if there is nothing to divide by."""
    total = float(np.abs(whole, dtype=np.float64).sum())
    return number(float(np.abs(part, dtype=np.float64).sum()) / total) if total else None


def flat_rows(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return an array with each row flat, `(rows, values)`; there may be no row."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


def largest(values: Floats, count: int) -> Indices:
    """Return the indices of the largest |values|, in descending order; equal ones by index."""
    magnitudes = np.abs(np.nan_to_num(values, nan=np.inf, posinf=np.inf, neginf=np.inf))
    if count >= len(magnitudes):
        return np.argsort(-magnitudes, kind="stable")
    if not count:
        return np.empty(0, np.intp)
    threshold = np.partition(magnitudes, len(magnitudes) - count)[len(magnitudes) - count]
    candidates = np.flatnonzero(magnitudes >= threshold)
    return candidates[np.argsort(-magnitudes[candidates], kind="stable")][:count]


def value_of(recorded: Recorded, unit: int, shown: slice) -> Quantity:
    """Return the values of one unit, counted in row-major order, with their mean."""
    rows = unit_rows(recorded, unit)[shown]
    return Quantity(number(recorded.mean.reshape(-1)[unit]), numbers(rows))


def gradient_of(
    recorded: Recorded | None, unit: int, shown: slice, batch_rows: int
) -> Quantity | None:
    """Return the gradients of one unit with their sum over the batch; None without gradients."""
    if recorded is None:
        return None
    total = recorded.mean.reshape(-1)[unit] * batch_rows
    return Quantity(number(total), numbers(unit_rows(recorded, unit)[shown]))


def unit_rows(recorded: Recorded, unit: int) -> Floats:
    """Return the values of one unit in all kept rows, `(kept,)`."""
    return flat_rows(recorded.rows)[:, unit]
