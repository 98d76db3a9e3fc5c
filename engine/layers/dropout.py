"""Dropout: chance while training, nothing afterwards."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer
from engine.random import Stream


class Dropout(Layer):
    """y = x · m / (1 − rate), m being 0 with probability rate, else 1 (Srivastava et al. 2014).

    The mask depends on the seed, the layer's place and the step alone: the same step has the same
    mask, however often it is run and whatever was run before it.
    """

    overwrites_x = True

    def __init__(
        self, name: str, shape: Shape, rate: float, dtype: np.dtype[Any], seed: int
    ) -> None:
        super().__init__(name, shape, shape)
        self.rate = rate
        self._dtype = dtype
        self._mask = Buffer(shape, dtype)
        place = [int(part) for part in name.split(".") if part.isdigit()]
        # Without the length, 1 and 1.0 would be the same to it.
        entropy = np.random.SeedSequence([seed, Stream.DROPOUT, len(place), *place])
        self._philox = np.random.Philox(entropy)
        self._random = np.random.Generator(self._philox)
        # Before anything was drawn: the key, and a counter of four words of 64 bits.
        self._state = self._philox.state

    def workspace(self, rows: int) -> int:
        """The mask."""
        return rows * self._mask.row_size

    def resize(self, rows: int) -> None:
        """Make the mask that many rows long."""
        self.mask = self._mask.rows(rows)

    def begin_step(self, step: int) -> None:
        """Let the masks be those of that step."""
        # Drawing counts up the first word: there are 2**64 blocks of numbers for each step.
        self._state["state"]["counter"][:] = 0, step, 0, 0

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y; the mask, with its factor, is kept for backward."""
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
