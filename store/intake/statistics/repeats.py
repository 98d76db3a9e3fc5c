"""Search for values that occur more than once, in bounded memory."""

import numpy as np
from numpy.typing import NDArray

# Values kept at most: if one of 10,000 distinct values is repeated, 8,192 of them find it with
# probability 0.56, if one of 1,000 is, with 0.9997.
MAX_KEPT = 2**14
# Fibonacci hashing: 2^64 divided by the golden ratio.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_LARGEST_HASH = 2**64 - 1


class RepeatSearch:
    """Searches numbers for a repeated value: exactly up to MAX_KEPT distinct values.

    Beyond that it keeps the values whose hash is small (Gibbons 2001), a sample of the distinct
    values with all of their occurrences.
    """

    def __init__(self) -> None:
        self.has_repeats = False
        self._kept: NDArray[np.float64] = np.empty(0)
        self._limit = _LARGEST_HASH

    def add(self, numbers: NDArray[np.float64]) -> None:
        """Add numbers, `(rows,)`; NaN is a missing value."""
        if self.has_repeats:
            return
        values = np.concatenate([self._kept, self._below_limit(numbers[~np.isnan(numbers)])])
        distinct = np.unique(values)
        self.has_repeats = len(distinct) < len(values)
        while len(distinct) > MAX_KEPT:
            self._limit //= 2
            distinct = self._below_limit(distinct)
        self._kept = np.empty(0) if self.has_repeats else distinct

    def _below_limit(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._limit == _LARGEST_HASH:
            return numbers
        # The sum makes −0 and 0 equal.
        bits = (numbers + 0.0).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(32))) * _MULTIPLIER
        mixed ^= mixed >> np.uint64(29)
        kept: NDArray[np.float64] = numbers[mixed * _MULTIPLIER < np.uint64(self._limit)]
        return kept
