"""The length of a vector, without overflow of its squares."""

import math

import numpy as np

from engine.arrays import Floats
from engine.numerics.blocks import blocks

# Below this sum, squares of float32 numbers lose precision.
_LEAST_SQUARE = 1e-30
# Elements copied at a time, to bound the memory of the scaled copy.
_BLOCK = 32_768


def euclidean_norm(vector: Floats) -> float:
    """Return √Σ v² of a vector of shape `(size,)`; the squares cannot overflow."""
    with np.errstate(over="ignore"):
        square = float(np.dot(vector, vector))
    if math.isfinite(square) and square > _LEAST_SQUARE:
        return math.sqrt(square)
    # The sum of squares overflowed or underflowed.
    largest = largest_magnitude(vector)
    if largest == 0 or not math.isfinite(largest):
        return largest
    pieces = (piece / largest for (piece,) in blocks(vector, size=_BLOCK))
    return largest * math.sqrt(sum(float(np.dot(piece, piece)) for piece in pieces))


def largest_magnitude(vector: Floats) -> float:
    """Return the largest |v|; 0 for an empty vector, NaN if any element is NaN."""
    return max(float(vector.max(initial=0)), -float(vector.min(initial=0)))


def finite_or_none(value: float) -> float | None:
    """The value as JSON can hold it: null where it is infinite or NaN."""
    return value if math.isfinite(value) else None
