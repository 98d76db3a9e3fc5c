"""Array type aliases, and preallocated buffers."""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Indices: TypeAlias = NDArray[np.intp]
# Target values of shape (rows, outputs), or class indices of shape (rows,).
Targets: TypeAlias = Floats | Indices
# Which piece of a piecewise function each value is on, as small integers or booleans.
Pieces: TypeAlias = NDArray[np.integer[Any] | np.bool_]
# Shape of one row's values, such as (features,) or (height, width, channels).
Shape: TypeAlias = tuple[int, ...]


class Buffer:
    """Preallocated memory for batches of varying size.

    It grows to the largest batch and does not shrink, so that the last, shorter batch of an epoch
    is a view and allocates nothing. A request for 0 rows frees the memory.
    """

    def __init__(self, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.row_size = math.prod(shape)
        self._memory: Floats = np.empty((0, *shape), dtype)

    def rows(self, count: int) -> Floats:
        """Return `count` uninitialized rows, C-contiguous, shape `(count, *shape)`."""
        if count > len(self._memory) or count == 0:
            self._memory = np.empty((count, *self._memory.shape[1:]), self._memory.dtype)
        return self._memory[:count]
