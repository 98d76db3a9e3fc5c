"""Sums of errors that neither overflow nor vanish, whatever the size of the errors."""

import math
from typing import NamedTuple

import numpy as np

from engine.arrays import Floats
from engine.metrics.weighted import Weights

# Between them, no square overflowed, and none that counts underflowed, in float32 or float64.
_SMALLEST = math.sqrt(float(np.finfo(np.float32).tiny))
_LARGEST = math.sqrt(float(np.finfo(np.float64).max))
_UNIT = ".unit"


class SquareSum(NamedTuple):
    """A sum of squares, value · unit².

    Attributes:
        value: the sum in the unit.
        unit: a power of two; 1 unless squares of the numbers overflow or underflow.
    """

    value: float = 0.0
    unit: float = 1.0

    def plus(self, other: "SquareSum") -> "SquareSum":
        """Return the sum of both, in the larger unit."""
        if not other.value:
            return self
        if not self.value:
            return other
        small, large = sorted((self, other), key=lambda of: of.unit)
        ratio = small.unit / large.unit
        return SquareSum(large.value + small.value * ratio * ratio, large.unit)

    def mean(self, weight: float) -> float:
        """Return sum / weight; infinite if it overflows."""
        return self.value / weight * self.unit * self.unit

    def root_mean(self, weight: float) -> float:
        """Return √(sum / weight)."""
        return math.sqrt(self.value / weight) * self.unit

    def ratio_to(self, other: "SquareSum") -> float:
        """Return this sum divided by another one above 0; NaN if the other one is infinite."""
        if not math.isfinite(other.value):
            return math.nan
        ratio = self.unit / other.unit
        return self.value / other.value * ratio * ratio


def sum_squares(values: Floats, weights: Weights, *, is_pairwise: bool = False) -> SquareSum:
    """Return Σ w v² over all elements.

    Args:
        values: the values v, `(rows,)` or `(rows, columns)`.
        weights: weight w of each row, `(rows,)`.
        is_pairwise: whether to sum in pairs, more slowly, with less rounding over many rows.
    """
    add = _add_in_pairs if is_pairwise else _add
    plain = add(values, weights)
    if has_exact_squares(plain):
        return SquareSum(plain)
    largest = float(np.abs(values).max())
    if not 0 < largest < math.inf:
        return SquareSum(largest)
    unit = power_of_two(largest)
    return SquareSum(add(values.astype(np.float64) / unit, weights), unit)


def has_exact_squares(total: float) -> bool:
    """Return whether the squares of this sum neither overflowed nor underflowed."""
    return _SMALLEST < total < _LARGEST


def power_of_two(value: float) -> float:
    """Return the largest power of two that is at most this positive value."""
    return math.ldexp(1.0, math.frexp(value)[1] - 1)


def _add_in_pairs(values: Floats, weights: Weights) -> float:
    squares = np.square(values)
    return float(np.sum(squares if weights is None else weights * squares))


def _add(values: Floats, weights: Weights) -> float:
    if weights is None:
        return float(np.vdot(values, values))
    if values.ndim > 1:
        return float(np.dot(weights, np.einsum("ij,ij->i", values, values)))
    return float(np.dot(weights, values * values))


def sum_absolute(values: Floats, weights: Weights) -> float:
    """Return Σ w |v| over all elements, and write |v| to the values; shapes as in `sum_squares`."""
    np.abs(values, out=values)
    total = _sum(values, weights)
    return total if math.isfinite(total) else _sum(values.astype(np.float64), weights)


def _sum(values: Floats, weights: Weights) -> float:
    if weights is None:
        return float(np.add.reduce(values, axis=None))
    rows = values if values.ndim == 1 else np.add.reduce(values, axis=1)
    return float(np.dot(weights, rows))


def add_squares(sums: dict[str, float], name: str, added: SquareSum) -> None:
    """Add to the sum of squares of this name. A unit other than 1 is an entry of its own."""
    if added.unit == 1.0 and name + _UNIT not in sums:
        sums[name] += added.value
        return
    total = read_squares(sums, name).plus(added)
    sums[name], sums[name + _UNIT] = total


def read_squares(sums: dict[str, float], name: str) -> SquareSum:
    """Return the sum of squares of this name."""
    return SquareSum(sums[name], sums.get(name + _UNIT, 1.0))
