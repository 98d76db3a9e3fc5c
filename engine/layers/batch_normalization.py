"""Batch normalization: each channel at mean 0 and variance 1 over the batch."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import Floats, Shape
from engine.layers.normalization import Normalization


class BatchNormalization(Normalization):
    """y = γ x̂ + β, with x̂ = (x − μ) / √(σ² + ε), for each index of the last axis.

    μ and σ² are over all other axes, n values. Backward:
    ∂x = γ / √(σ² + ε) · (∂y − ∂β / n − x̂ ∂γ / n) (Ioffe and Szegedy 2015, section 3).
    Predictions, and a frozen layer at all times, take the running mean and variance.
    """

    def __init__(
        self, name: str, shape: Shape, momentum: float, epsilon: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, shape[-1:], epsilon, dtype)
        self._momentum = momentum
        self._places = math.prod(shape[:-1])

    def state_shapes(self) -> dict[str, Shape]:
        """Shapes of `running_mean` and `running_variance`."""
        names = ("running_mean", "running_variance")
        return {f"{self.name}.{which}": self._parameter_shape for which in names}

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Take the views of its parameters, their gradients and its states."""
        super().bind(parameters, gradients)
        self.running_mean = parameters[f"{self.name}.running_mean"]
        self.running_variance = parameters[f"{self.name}.running_variance"]

    def initialize(self, random: np.random.Generator) -> None:
        """Scale and running variance are one; shift and running mean zero."""
        super().initialize(random)
        self.running_variance.fill(1)

    def workspace(self, rows: int) -> int:
        """Y, and a vector of ones; nothing if it is frozen."""
        return 0 if self.is_frozen else rows * (self._y.row_size + self._places)

    def resize(self, rows: int) -> None:
        """Make y that many rows long."""
        if not self.is_frozen:
            self._resize(rows, rows * self._places)

    def forward(self, x: Floats) -> Floats:
        """Return y; x becomes x̂, and the running means take part of this batch."""
        if self.is_frozen:
            return self.predict(x)
        values, count = self._as_matrix(x), len(self._ones)
        mean = np.dot(self._ones, values) / count
        np.subtract(values, mean, out=values)
        np.multiply(values, values, out=self._y_matrix)
        variance = np.dot(self._ones, self._y_matrix) / count
        self._inverse_std = 1 / np.sqrt(variance + self._epsilon)
        self._normalized = np.multiply(values, self._inverse_std, out=values)
        self._note(mean, variance, count)
        return self._scaled(values)

    def _note(self, mean: Floats, variance: Floats, count: int) -> None:
        """Update the running means; the variance without bias, as in PyTorch."""
        share = 1 - self._momentum
        self.running_mean *= self._momentum
        self.running_mean += share * mean
        self.running_variance *= self._momentum
        self.running_variance += share * count / max(count - 1, 1) * variance

    def predict(self, x: Floats) -> Floats:
        """Return y by the running mean and variance, in place of x."""
        values = self._as_matrix(x)
        np.subtract(values, self.running_mean, out=values)
        np.multiply(values, self._running_factor(), out=values)
        np.add(values, self.shift, out=values)
        return x

    def _running_factor(self) -> Floats:
        factor: Floats = self.scale / np.sqrt(self.running_variance + self._epsilon)
        return factor

    def backward(self, dy: Floats) -> Floats:
        """Write ∂γ and ∂β; return ∂x in place of ∂y."""
        gradient = self._as_matrix(dy)
        if self.is_frozen:
            np.multiply(gradient, self._running_factor(), out=gradient)
            return dy
        normalized, count = self._normalized, len(self._ones)
        self._write_gradients(gradient, normalized)
        if not self.needs_dx:
            return dy
        np.multiply(normalized, self.scale_gradient / count, out=normalized)
        np.subtract(gradient, normalized, out=gradient)
        np.subtract(gradient, self.shift_gradient / count, out=gradient)
        np.multiply(gradient, self.scale * self._inverse_std, out=gradient)
        return dy
