"""Array type aliases, and preallocated buffers."""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]
Indices: TypeAlias = NDArray[np.intp]
# Target values of shape (rows, outputs), or class indices of shape (rows,).
Targets: TypeAlias = Floats | Indices
# Shape of one row's values, such as (features,) or (height, width, channels).
Shape: TypeAlias = tuple[int, ...]


class Buffer:
    """Preallocated memory for a batch whose number of rows may vary.

    It grows when more rows are asked for than ever before and does not shrink, so that the last,
    shorter batch of an epoch is a view and allocates nothing. Asked for no rows, it frees all.
    """

    def __init__(self, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.row_size = math.prod(shape)
        self._memory: Floats = np.empty((0, *shape), dtype)

    def rows(self, count: int) -> Floats:
        """The first `count` rows, C-contiguous, shape `(count, *shape)`, contents undefined."""
        if count > len(self._memory) or count == 0:
            self._memory = np.empty((count, *self._memory.shape[1:]), self._memory.dtype)
        return self._memory[:count]
