"""What every optimizer does."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from engine.arrays import Floats

# Elements worked on at a time. A step reads and writes each of its vectors several times; pieces
# of this size stay in the processor's second-level cache meanwhile (five of float32: 640 KiB).
BLOCK = 32_768


class Optimizer(ABC):
    """Changes the parameters by what the gradients say.

    Attributes:
        slots: what it remembers between steps, by name; each has the parameters' shape.
    """

    slots: dict[str, Floats]

    @abstractmethod
    def update(self, learning_rate: float, step: int) -> None:
        """Change the parameters in place; step counts from 1 over the whole training."""


def blocks(*vectors: Floats) -> Iterator[tuple[Floats, ...]]:
    """Views of the same piece of each vector, one piece after the other, and scratch for it."""
    size = len(vectors[0])
    scratch = np.empty(min(size, BLOCK), vectors[0].dtype)
    for start in range(0, size, BLOCK):
        pieces = [vector[start : start + BLOCK] for vector in vectors]
        yield (*pieces, scratch[: len(pieces[0])])
