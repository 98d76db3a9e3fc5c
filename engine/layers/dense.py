"""The fully connected layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats
from engine.layers.base import Layer


class Dense(Layer):
    """y = x W + b, with x `(batch, in_features)`, W `(in_features, units)` and b `(units,)`.

    Backward: ∂W = xᵀ ∂y, ∂b = Σ_rows ∂y, ∂x = ∂y Wᵀ.
    """

    def __init__(
        self,
        name: str,
        in_features: int,
        units: int,
        *,
        use_bias: bool,
        is_first: bool,
        dtype: np.dtype[Any],
    ) -> None:
        self.name = name
        self.in_features = in_features
        self.units = units
        self.use_bias = use_bias
        self.is_first = is_first
        self._dtype = dtype
        self._y = Buffer(units, dtype)
        # Nobody asks for the gradient of the network's inputs.
        self._dx = Buffer(0 if is_first else in_features, dtype)

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of `weight` and, with use_bias, `bias`."""
        shapes: dict[str, tuple[int, ...]] = {"weight": (self.in_features, self.units)}
        if self.use_bias:
            shapes["bias"] = (self.units,)
        return shapes

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Take the views of weight and bias and of their gradients."""
        self.weight = parameters["weight"]
        self.weight_gradient = gradients["weight"]
        self._weight_transposed = self.weight.T
        if self.use_bias:
            self.bias = parameters["bias"]
            self.bias_gradient = gradients["bias"]

    def resize(self, rows: int) -> None:
        """Make y, and dx unless this is the first layer, that many rows long."""
        self.y = self._y.rows(rows)
        self.dx = self._dx.rows(rows)
        self._ones = np.ones(rows, self._dtype)

    def forward(self, x: Floats) -> Floats:
        """Return y = x W + b; x is kept for backward."""
        self.x = x
        np.dot(x, self.weight, out=self.y)
        if self.use_bias:
            np.add(self.y, self.bias, out=self.y)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Write ∂W and ∂b; return ∂x, or nothing of meaning from the first layer."""
        np.dot(self.x.T, dy, out=self.weight_gradient)
        if self.use_bias:
            # A product with ones sums the rows three times as fast as np.sum does.
            np.dot(self._ones, dy, out=self.bias_gradient)
        if not self.is_first:
            np.dot(dy, self._weight_transposed, out=self.dx)
        return self.dx
