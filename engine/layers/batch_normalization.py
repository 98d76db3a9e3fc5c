"""Batch normalization: each channel to mean 0 and variance 1 over the batch."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.arrays import Floats, Shape
from engine.layers.normalization import Normalization


class BatchNormalization(Normalization):
    """y = γ x̂ + β, with x̂ = (x − μ) / √(σ² + ε), for each index of the last axis.

    μ and σ² are taken over the n values of all other axes. Backward:
    ∂x = γ / √(σ² + ε) · (∂y − ∂β / n − x̂ ∂γ / n) (Ioffe and Szegedy 2015, section 3).
    Inference uses the running mean and variance; a frozen layer always does.
    """

    def __init__(
        self, name: str, shape: Shape, momentum: float, epsilon: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, shape[-1:], epsilon, dtype)
        self._momentum = momentum
        self._positions = math.prod(shape[:-1])

    @property
    def needs_whole_batch(self) -> bool:  # type: ignore[override]  # a constant elsewhere
        """Whether mean and variance are those of the batch."""
        return not self.is_frozen

    def state_shapes(self) -> dict[str, Shape]:
        """Return the shapes of `running_mean` and `running_variance`."""
        names = ("running_mean", "running_variance")
        return {f"{self.name}.{which}": self._parameter_shape for which in names}

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind the views of the parameters, their gradients and the states."""
        super().bind(parameters, gradients)
        self.running_mean = parameters[f"{self.name}.running_mean"]
        self.running_variance = parameters[f"{self.name}.running_variance"]

    def initialize(self, random: np.random.Generator) -> None:
        """Set scale and running variance to one; shift and running mean stay zero."""
        super().initialize(random)
        self.running_variance.fill(1)

    def workspace(self, rows: int) -> int:
        """Return the size of y and of a vector of ones; 0 if frozen."""
        return 0 if self.is_frozen else rows * (self._y.row_size + self._positions)

    def resize(self, rows: int) -> None:
        """Allocate y for `rows` rows."""
        if not self.is_frozen:
            self._resize(rows, rows * self._positions)

    def forward(self, x: Floats) -> Floats:
        """Return y; overwrite x with x̂, and update the running mean and variance."""
        if self.is_frozen:
            return self.predict(x)
        values, count = self._as_matrix(x), len(self._ones)
        mean = np.dot(self._ones, values) / count
        np.subtract(values, mean, out=values)
        np.multiply(values, values, out=self._y_matrix)
        variance = np.dot(self._ones, self._y_matrix) / count
        self.inverse_std = 1 / np.sqrt(variance + self._epsilon)
        self._normalized = np.multiply(values, self.inverse_std, out=values)
        self._update_running_statistics(mean, variance, count)
        return self._scaled(values)

    def _update_running_statistics(self, mean: Floats, variance: Floats, count: int) -> None:
        """Update the running mean and the running unbiased variance, as PyTorch does."""
        share = 1 - self._momentum
        self.running_mean *= self._momentum
        self.running_mean += share * mean
        self.running_variance *= self._momentum
        self.running_variance += share * count / max(count - 1, 1) * variance

    def predict(self, x: Floats) -> Floats:
        """Overwrite x with y, computed from the running mean and variance."""
        values = self._as_matrix(x)
        np.subtract(values, self.running_mean, out=values)
        np.multiply(values, self._running_factor(), out=values)
        np.add(values, self.shift, out=values)
        return x

    def _running_factor(self) -> Floats:
        factor: Floats = self.scale / np.sqrt(self.running_variance + self._epsilon)
        return factor

    def backward(self, dy: Floats) -> Floats:
        """Write ∂γ and ∂β; overwrite ∂y with ∂x."""
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
        np.multiply(gradient, self.scale * self.inverse_std, out=gradient)
        return dy
