"""Base of batch and layer normalization: the learned scale and shift."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer


class Normalization(Layer):
    """y = γ x̂ + β, γ named `scale` and β `shift`; x̂ overwrites x and is kept for backward.

    Backward: ∂γ = Σ_rows ∂y x̂, ∂β = Σ_rows ∂y.

    Attributes:
        inverse_std: 1 / √(σ² + ε) of the latest `forward`: of each channel, `(channels,)`, or of
            each row, `(batch, 1)`.
    """

    overwrites_x = True
    inverse_std: Floats

    def __init__(
        self, name: str, shape: Shape, parameter_shape: Shape, epsilon: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, shape)
        self._parameter_shape = parameter_shape
        self._epsilon = epsilon
        self._dtype = dtype
        self._y = Buffer(shape, dtype)

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shapes of `scale` and `shift`."""
        return {
            f"{self.name}.{parameter}": self._parameter_shape for parameter in ("scale", "shift")
        }

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind flat views of scale and shift and of their gradients."""
        self.scale = parameters[f"{self.name}.scale"].reshape(-1)
        self.shift = parameters[f"{self.name}.shift"].reshape(-1)
        if not self.is_frozen:
            self.scale_gradient = gradients[f"{self.name}.scale"].reshape(-1)
            self.shift_gradient = gradients[f"{self.name}.shift"].reshape(-1)

    def initialize(self, random: np.random.Generator) -> None:  # noqa: ARG002 - nothing is drawn
        """Set scale to one; shift stays zero."""
        self.scale.fill(1)

    def _resize(self, rows: int, groups: int) -> None:
        """Allocate y for `rows` rows; its matrix view has `groups` rows."""
        self.y = self._y.rows(rows)
        self._y_matrix = self._as_matrix(self.y)
        self._ones = np.ones(groups, self._dtype)

    def _as_matrix(self, x: Floats) -> Floats:
        """Return a view of x as a matrix with one column per element of scale, to be written to."""
        columns = self.scale.size
        return x.reshape((x.size // columns, columns), copy=False)

    def _scaled(self, normalized: Floats) -> Floats:
        """Return y = γ x̂ + β."""
        np.multiply(normalized, self.scale, out=self._y_matrix)
        np.add(self._y_matrix, self.shift, out=self._y_matrix)
        return self.y

    def _write_gradients(self, dy: Floats, normalized: Floats) -> None:
        """Write ∂γ and ∂β as products with ones; overwrites y, which is no longer needed."""
        np.multiply(dy, normalized, out=self._y_matrix)
        np.dot(self._ones, self._y_matrix, out=self.scale_gradient)
        np.dot(self._ones, dy, out=self.shift_gradient)
