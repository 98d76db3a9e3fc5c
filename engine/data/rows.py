"""Rows of numbers wherever they are: in memory, or in files that are read some rows at a time."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape


class Rows(Protocol):
    """What preparation writes and training reads, a slice of rows at a time; arrays are such."""

    @property
    def shape(self) -> Shape:
        """`(rows, …)`."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...

    def __setitem__(self, rows: slice, values: NDArray[Any], /) -> None: ...


# Makes room for rows by name, of a shape and a dtype.
Allocate = Callable[[str, Shape, np.dtype[Any]], Rows]


def allocate_in_memory(_name: str, shape: Shape, dtype: np.dtype[Any]) -> Rows:
    """Room in memory."""
    return np.empty(shape, dtype)
