"""Optimizer interface."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.arrays import Floats
from engine.numerics.blocks import blocks

# Elements processed at a time. A step reads and writes each of its vectors several times; blocks
# of this size stay in the L2 cache meanwhile (five of float32: 640 KiB).
BLOCK = 32_768


class Optimizer(ABC):
    """Updates the parameters from their gradients.

    Attributes:
        slots: state vectors by name, such as moments; each has the parameters' shape.
    """

    slots: dict[str, Floats]

    @abstractmethod
    def update(self, learning_rate: float, step: int) -> None:
        """Update the parameters in place; step counts from 1 over the whole training."""

    def state_arrays(self) -> dict[str, Floats]:
        """Return the complete state between steps, by name.

        Shapes and dtypes never change. To resume bit for bit, copy the arrays, and later copy them
        back in place, into this optimizer or a new one of the same spec.
        """
        return self.slots


def blocks_with_scratch(*vectors: Floats, scratch: int = 1) -> Iterator[tuple[Floats, ...]]:
    """Yield views of consecutive blocks of each vector, and `scratch` buffers of their size."""
    size, dtype = len(vectors[0]), vectors[0].dtype
    spare = [np.empty(min(size, BLOCK), dtype) for _ in range(scratch)]
    for pieces in blocks(*vectors, size=BLOCK):
        yield (*pieces, *(array[: len(pieces[0])] for array in spare))


def constant(value: float, dtype: np.dtype[Any]) -> Floats:
    """Return the value as a 0-d array, which saves NumPy a conversion in every call."""
    return np.array(value, dtype)


def positive(value: float, dtype: np.dtype[Any]) -> float:
    """Return the value, at least the dtype's smallest normal: 0 would make 0 / 0 where g is 0."""
    return max(value, float(np.finfo(dtype).tiny))
