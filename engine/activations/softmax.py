"""Softmax, the only activation that is not elementwise."""

import numpy as np

from engine.activations.base import Activation
from engine.arrays import Floats


class Softmax(Activation):
    """y_i = exp(x_i) / Σ_j exp(x_j) along the last axis; dx = y · (dy − Σ_j dy_j y_j)."""

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y; subtracts the largest x first to avoid overflow."""
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=x)
        np.exp(x, out=x)
        return np.divide(x, np.add.reduce(x, axis=-1, keepdims=True), out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx."""
        products = np.einsum("...j,...j->...", dy, y)
        np.subtract(dy, products[..., np.newaxis], out=dy)
        return np.multiply(dy, y, out=dy)
