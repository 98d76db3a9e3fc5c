"""Minimum, maximum, mean and standard deviation of many columns at once.

NumPy rather than pyarrow: one call for all columns, as an image has one column per pixel.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Missing = NDArray[np.bool_]


@dataclass(frozen=True)
class Summary:
    """Statistics of one column. Without values mean and std are NaN. std divides by the count."""

    count: int
    minimum: float
    maximum: float
    mean: float
    std: float
    integral: bool


class Moments:
    """Streaming mean and variance of columns, merged batch by batch.

    The algorithm of Chan, Golub and LeVeque (1979) avoids the cancellation of a sum of squares.
    """

    def __init__(self, units: Numbers) -> None:
        """A column is integral if its values are multiples of its unit; `units` `(columns,)`."""
        columns = len(units)
        self._units = units[:, None]
        self._count = np.zeros(columns)
        self._mean = np.zeros(columns)
        self._squares = np.zeros(columns)
        self._minimum = np.full(columns, np.inf)
        self._maximum = np.full(columns, -np.inf)
        self._integral = np.ones(columns, dtype=bool)

    def add(self, matrix: Numbers) -> Missing:
        """Add values `(columns, rows)`, NaN where missing; return the mask of missing values."""
        absent = np.isnan(matrix)
        if absent.any():
            self._minimum = np.minimum(self._minimum, np.where(absent, np.inf, matrix).min(axis=1))
            self._maximum = np.maximum(self._maximum, np.where(absent, -np.inf, matrix).max(axis=1))
        else:
            self._minimum = np.minimum(self._minimum, matrix.min(axis=1))
            self._maximum = np.maximum(self._maximum, matrix.max(axis=1))
        self._check_whole(matrix, absent)
        # Values near the largest float overflow; their mean is then reported as unknown.
        with np.errstate(over="ignore", invalid="ignore"):
            self._merge(matrix, absent)
        return absent

    def _check_whole(self, matrix: Numbers, absent: Missing) -> None:
        wanted = self._integral
        if wanted.any():
            parts = matrix[wanted] / self._units[wanted]
            whole = (np.floor(parts) == parts) | absent[wanted]
            self._integral[wanted] = whole.all(axis=1)

    def _merge(self, matrix: Numbers, absent: Missing) -> None:
        count = matrix.shape[1] - absent.sum(axis=1)
        present = np.maximum(count, 1)
        mean = np.where(absent, 0.0, matrix).sum(axis=1) / present
        deviations = np.where(absent, 0.0, matrix - mean[:, None])
        squares = np.einsum("cr,cr->c", deviations, deviations)
        total = np.maximum(self._count + count, 1)
        distance = mean - self._mean
        self._squares += squares + distance * distance * self._count * count / total
        self._mean += distance * count / total
        self._count += count

    def is_integral(self, column: int) -> bool:
        """Whether all values of a column so far are multiples of its unit."""
        return bool(self._integral[column])

    def summary(self, column: int) -> Summary:
        """Return the statistics of one column."""
        count = int(self._count[column])
        return Summary(
            count=count,
            minimum=float(self._minimum[column]),
            maximum=float(self._maximum[column]),
            mean=float(self._mean[column]) if count else math.nan,
            std=math.sqrt(self._squares[column] / count) if count else math.nan,
            integral=bool(self._integral[column]),
        )
