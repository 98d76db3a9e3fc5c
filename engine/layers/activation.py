"""An activation function as a layer."""

from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer


class ActivationLayer(Layer):
    """y = f(x), written over x."""

    overwrites_x = True

    def __init__(
        self, name: str, shape: Shape, activation: Activation, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, shape)
        self.activation = activation
        self.keeps_y = not activation.saves
        self._saved = Buffer(shape, dtype)

    def workspace(self, rows: int) -> int:
        """What the activation keeps for backward."""
        return rows * self._saved.row_size if self.activation.saves else 0

    def resize(self, rows: int) -> None:
        """Make room for what the activation keeps."""
        if self.activation.saves:
            self.activation.saved = self._saved.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y = f(x) in place of x."""
        self.y = self.activation.forward(x)
        return self.y

    def predict(self, x: Floats) -> Floats:
        """Return y = f(x) in place of x."""
        return self.activation.predict(x)

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x = ∂y · f′(x) in place of ∂y."""
        return self.activation.backward(self.y, dy)
