"""Dropout: random in training, the identity in inference."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer
from engine.random import Stream


class Dropout(Layer):
    """y = x · m / (1 − rate), m being 0 with probability rate, else 1 (Srivastava et al. 2014).

    The mask depends only on the seed, the layer's path, the step and the chunk of its batch: a step
    always has the same masks, however often it runs and whichever steps ran before it.
    """

    overwrites_x = True

    def __init__(
        self, name: str, shape: Shape, rate: float, dtype: np.dtype[Any], seed: int
    ) -> None:
        super().__init__(name, shape, shape)
        self.rate = rate
        self._dtype = dtype
        self._mask = Buffer(shape, dtype)
        path = [int(part) for part in name.split(".") if part.isdigit()]
        # SeedSequence pads with zeros: without the length, layers 1 and 1.0 would share a seed.
        entropy = np.random.SeedSequence([seed, Stream.DROPOUT, len(path), *path])
        self._philox = np.random.Philox(entropy)
        self._random = np.random.Generator(self._philox)
        # The initial state: the key, and a counter of four 64-bit words.
        self._state = self._philox.state

    def workspace(self, rows: int) -> int:
        """Return the size of the mask."""
        return rows * self._mask.row_size

    def resize(self, rows: int) -> None:
        """Allocate the mask for `rows` rows."""
        self.mask = self._mask.rows(rows)

    def begin_step(self, step: int, chunk: int = 0) -> None:
        """Select the mask of a chunk of the given step."""
        # Drawing increments the first word, so each chunk has 2**64 blocks of numbers to itself.
        self._state["state"]["counter"][:] = 0, step, chunk, 0

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y; keep the scaled mask for backward."""
        self._philox.state = self._state
        self._random.random(out=self.mask, dtype=self._dtype.type)
        np.greater_equal(self.mask, self.rate, out=self.mask)
        np.multiply(self.mask, 1 / (1 - self.rate), out=self.mask)
        return np.multiply(x, self.mask, out=x)

    def predict(self, x: Floats) -> Floats:
        """Return x."""
        return x

    def backward(self, dy: Floats) -> Floats:
        """Overwrite dy with ∂x = ∂y · m / (1 − rate)."""
        return np.multiply(dy, self.mask, out=dy)
