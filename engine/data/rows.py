"""Access to rows of numbers, in memory or in files, one slice at a time."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape


class Rows(Protocol):
    """Rows that preparation writes and training reads in slices; ndarrays conform."""

    @property
    def shape(self) -> Shape:
        """`(rows, …)`."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...

    def __setitem__(self, rows: slice, values: NDArray[Any], /) -> None: ...


# Allocates rows for an array name, a shape and a dtype.
Allocate = Callable[[str, Shape, np.dtype[Any]], Rows]


def allocate_in_memory(_name: str, shape: Shape, dtype: np.dtype[Any]) -> Rows:
    """Allocate an array in memory."""
    return np.empty(shape, dtype)
