"""Base of losses of the error ŷ − y, for any output activation."""

from abc import abstractmethod
from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class ErrorLoss(Loss):
    """l = factor · Σ ρ(e) over the outputs, with e = ŷ − y and ŷ = activation(z).

    Gradient: factor · ρ′(e), then back through the activation. Targets have shape
    `(batch, outputs)`. The default factor is 1 / outputs, which makes the sum a mean.

    Attributes:
        activation: output activation.
    """

    def __init__(self, out_features: int, activation: Activation, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self.activation = activation
        self._factor = 1 / out_features
        self._error_buffer = Buffer((out_features,), dtype)
        self._scratch = Buffer((out_features,), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._error = self._error_buffer.rows(rows)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        np.copyto(self.outputs, logits)
        self.activation.forward(self.outputs)
        np.subtract(self.outputs, targets, out=self._error)
        self._sum(self._error, self._losses)
        return np.multiply(self._losses, self._factor, out=self._losses)

    def _backward(self) -> Floats:
        """Factor · ρ′(e) · activation′(z)."""
        self._differentiate(self._error)
        np.multiply(self._error, self._factor, out=self._error)
        return self.activation.backward(self.outputs, self._error)

    @abstractmethod
    def _sum(self, error: Floats, out: Floats) -> None:
        """Write Σ ρ(e) of each row, shape `(batch,)`; `_scratch` is a buffer for the terms."""

    @abstractmethod
    def _differentiate(self, error: Floats) -> None:
        """Overwrite e with ρ′(e)."""
