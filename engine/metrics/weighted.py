"""Sums and means over rows with or without sample weights."""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices

# Sample weight of each row, `(rows,)`, all positive; None if the rows are not weighted.
Weights: TypeAlias = NDArray[np.float64] | None


def weighted_mean(values: NDArray[Any], weights: Weights) -> float:
    """Return Σ w v / Σ w over the first axis, also if the sum overflows."""
    found = _mean(values, weights)
    if math.isfinite(found):
        return found
    largest = float(np.abs(values).max())
    return _mean(values / largest, weights) * largest if math.isfinite(largest) else found


def _mean(values: NDArray[Any], weights: Weights) -> float:
    return float(np.mean(values) if weights is None else np.average(values, weights=weights))


def weighted_counts(indices: Indices, weights: Weights, length: int) -> NDArray[np.float64]:
    """Return the total weight of the rows of each index, `(length,)`."""
    return np.bincount(indices, weights, minlength=length).astype(np.float64)
