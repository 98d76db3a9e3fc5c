"""Sums and means over rows with or without sample weights."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices

# Sample weight of each row, `(rows,)`, all positive; None if the rows are not weighted.
Weights: TypeAlias = NDArray[np.float64] | None


def weighted_mean(values: NDArray[Any], weights: Weights) -> float:
    """Return Σ w v / Σ w over the first axis."""
    return float(np.mean(values) if weights is None else np.average(values, weights=weights))


def weighted_sum(values: NDArray[Any], weights: Weights) -> float:
    """Return Σ w v."""
    return float(np.sum(values) if weights is None else np.sum(weights * values))


def weighted_counts(indices: Indices, weights: Weights, length: int) -> NDArray[np.float64]:
    """Return the total weight of the rows of each index, `(length,)`."""
    return np.bincount(indices, weights, minlength=length).astype(np.float64)
