"""Fully connected layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.initializers import initialization_bytes, initialize
from engine.layers.base import Layer
from engine.specs import InitializerSpec


class Dense(Layer):
    """y = x W + b, with x `(batch, in_features)`, W `(in_features, units)` and b `(units,)`.

    Backward: ∂W = xᵀ ∂y, ∂b = Σ_rows ∂y, ∂x = ∂y Wᵀ.
    """

    def __init__(
        self,
        name: str,
        in_features: int,
        units: int,
        dtype: np.dtype[Any],
        *,
        use_bias: bool,
        initializer: InitializerSpec,
    ) -> None:
        super().__init__(name, (in_features,), (units,))
        self.in_features = in_features
        self.units = units
        self.use_bias = use_bias
        self._initializer = initializer
        self._dtype = dtype
        self._y = Buffer((units,), dtype)
        self._dx = Buffer((in_features,), dtype)

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shapes of `weight` and, with use_bias, `bias`."""
        shapes: dict[str, Shape] = {f"{self.name}.weight": (self.in_features, self.units)}
        if self.use_bias:
            shapes[f"{self.name}.bias"] = (self.units,)
        return shapes

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind the views of weight and bias and of their gradients."""
        self.weight = parameters[f"{self.name}.weight"]
        self._weight_transposed = self.weight.T
        if self.use_bias:
            self.bias = parameters[f"{self.name}.bias"]
        if not self.is_frozen:
            self.weight_gradient = gradients[f"{self.name}.weight"]
            if self.use_bias:
                self.bias_gradient = gradients[f"{self.name}.bias"]

    def initialize(self, random: np.random.Generator) -> None:
        """Initialize the weights; biases stay zero."""
        fans = self.in_features, self.units
        initialize(self._initializer, self.weight, *fans, random)

    def initialization_bytes(self) -> int:
        """Return the memory of the weights' initializer."""
        return initialization_bytes(self._initializer, (self.in_features, self.units))

    def workspace(self, rows: int) -> int:
        """Return the size of y and, if needed, ∂x."""
        return rows * (self.units + (self.in_features if self.needs_dx else 0))

    def multiplications(self) -> int:
        """Return the number of weights."""
        return self.in_features * self.units

    def resize(self, rows: int) -> None:
        """Allocate y and, if needed, dx for `rows` rows."""
        self.y = self._y.rows(rows)
        self._ones = np.ones(rows, self._dtype)
        if self.needs_dx:
            self.dx = self._dx.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y = x W + b; keep x for backward."""
        self.x = x
        np.dot(x, self.weight, out=self.y)
        if self.use_bias:
            np.add(self.y, self.bias, out=self.y)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Write ∂W and ∂b; return ∂x, or dy if ∂x is not needed."""
        if not self.is_frozen:
            np.dot(self.x.T, dy, out=self.weight_gradient)
            if self.use_bias:
                # A product with ones sums the rows three times as fast as np.sum does.
                np.dot(self._ones, dy, out=self.bias_gradient)
        if not self.needs_dx:
            return dy
        return np.dot(dy, self._weight_transposed, out=self.dx)
