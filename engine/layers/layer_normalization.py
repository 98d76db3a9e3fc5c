"""Layer normalization: each row to mean 0 and variance 1."""

from typing import Any

import numpy as np

from engine.arrays import Floats, Shape
from engine.layers.normalization import Normalization


class LayerNormalization(Normalization):
    """y = γ x̂ + β, with x̂ = (x − μ) / √(σ² + ε), μ and σ² over the n values of each row.

    Backward, with g = γ ∂y: ∂x = (g − Σ g / n − x̂ Σ (g x̂) / n) / √(σ² + ε).
    Source: Ba, Kiros and Hinton 2016.
    """

    def __init__(self, name: str, shape: Shape, epsilon: float, dtype: np.dtype[Any]) -> None:
        super().__init__(name, shape, shape, epsilon, dtype)

    def workspace(self, rows: int) -> int:
        """Return the size of y and of a vector of ones, one per row."""
        return rows * (self._y.row_size + 1)

    def resize(self, rows: int) -> None:
        """Allocate y for `rows` rows."""
        self._resize(rows, rows)

    def forward(self, x: Floats) -> Floats:
        """Return y; overwrite x with x̂."""
        self._normalized = self._as_matrix(x)
        self.inverse_std = self._normalize(self._normalized)
        return self._scaled(self._normalized)

    def predict(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        values = self._as_matrix(x)
        self._normalize(values)
        np.multiply(values, self.scale, out=values)
        np.add(values, self.shift, out=values)
        return x

    def _normalize(self, values: Floats) -> Floats:
        """Overwrite x with x̂; return 1 / √(σ² + ε) of each row, `(batch, 1)`."""
        size = values.shape[1]
        np.subtract(values, np.add.reduce(values, axis=1, keepdims=True) / size, out=values)
        variance = np.einsum("ij,ij->i", values, values)[:, np.newaxis] / size
        inverse_std: Floats = 1 / np.sqrt(variance + self._epsilon)
        np.multiply(values, inverse_std, out=values)
        return inverse_std

    def backward(self, dy: Floats) -> Floats:
        """Write ∂γ and ∂β; overwrite ∂y with ∂x."""
        gradient, normalized = self._as_matrix(dy), self._normalized
        if not self.is_frozen:
            self._write_gradients(gradient, normalized)
        if not self.needs_dx:
            return dy
        size = gradient.shape[1]
        np.multiply(gradient, self.scale, out=gradient)
        mean = np.add.reduce(gradient, axis=1, keepdims=True) / size
        projection = np.einsum("ij,ij->i", gradient, normalized)[:, np.newaxis] / size
        np.multiply(normalized, projection, out=normalized)
        np.subtract(gradient, normalized, out=gradient)
        np.subtract(gradient, mean, out=gradient)
        np.multiply(gradient, self.inverse_std, out=gradient)
        return dy
