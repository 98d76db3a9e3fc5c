"""What every optimizer does."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.arrays import Floats

# Elements worked on at a time. A step reads and writes each of its vectors several times; pieces
# of this size stay in the processor's second-level cache meanwhile (five of float32: 640 KiB).
BLOCK = 32_768


class Optimizer(ABC):
    """Changes the parameters by what the gradients say.

    Attributes:
        slots: vectors it remembers between steps, by name; each has the parameters' shape.
    """

    slots: dict[str, Floats]

    @abstractmethod
    def update(self, learning_rate: float, step: int) -> None:
        """Change the parameters in place; step counts from 1 over the whole training."""

    def state_arrays(self) -> dict[str, Floats]:
        """All it remembers between steps, by name.

        Shapes and types never change: copy the arrays, and copy them back in place, in a new
        optimizer of the same spec too, to go on with the step after, bit for bit.
        """
        return self.slots


def blocks(*vectors: Floats, scratch: int = 1) -> Iterator[tuple[Floats, ...]]:
    """Views of the same piece of each vector, one piece after the other, and scratch for it."""
    size, dtype = len(vectors[0]), vectors[0].dtype
    spare = [np.empty(min(size, BLOCK), dtype) for _ in range(scratch)]
    for start in range(0, size, BLOCK):
        pieces = [vector[start : start + BLOCK] for vector in vectors]
        yield (*pieces, *(array[: len(pieces[0])] for array in spare))


def constant(value: float, dtype: np.dtype[Any]) -> Floats:
    """The number as an array of shape (): NumPy converts a Python number anew in every call."""
    return np.array(value, dtype)


def positive(value: float, dtype: np.dtype[Any]) -> float:
    """The number, or the least that the type holds: 0 would make 0 / 0 without a gradient."""
    return max(value, float(np.finfo(dtype).tiny))
