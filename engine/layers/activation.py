"""Activation function as a layer."""

from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Buffer, Floats, Pieces, Shape
from engine.layers.base import Layer


class ActivationLayer(Layer):
    """y = f(x), in place."""

    overwrites_x = True

    def __init__(
        self, name: str, shape: Shape, activation: Activation, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, shape)
        self.activation = activation
        self.keeps_y = not activation.saves
        self._saved = Buffer(shape, dtype)

    def workspace(self, rows: int) -> int:
        """Return the size of what the activation saves for backward."""
        return rows * self._saved.row_size if self.activation.saves else 0

    def resize(self, rows: int) -> None:
        """Allocate what the activation saves for backward."""
        if self.activation.saves:
            self.activation.saved = self._saved.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y = f(x)."""
        self.y = self.activation.forward(x)
        return self.y

    def predict(self, x: Floats) -> Floats:
        """Overwrite x with y = f(x), without saving anything for backward."""
        return self.activation.predict(x)

    def pieces(self) -> Pieces | None:
        """Return the pieces of the activation."""
        return self.activation.pieces(self.y)

    def backward(self, dy: Floats) -> Floats:
        """Overwrite ∂y with ∂x = ∂y · f′(x)."""
        return self.activation.backward(self.y, dy)
