"""Squared errors, on any output activation."""

from abc import abstractmethod
from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SquaredError(Loss):
    """L = factor · Σ (ŷ − y)² over rows and outputs, with ŷ = activation(z).

    Gradient: 2 · factor · (ŷ − y), then back through the activation. Targets have shape
    `(batch, outputs)`.
    """

    def __init__(self, out_features: int, activation: Activation, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._activation = activation
        self._scratch = Buffer(out_features, dtype)

    @staticmethod
    @abstractmethod
    def factor(rows: int, outputs: int) -> float:
        """What the sum of squares is multiplied by."""

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._error = self._scratch.rows(rows)
        self._factor = self.factor(*self.outputs.shape)

    def _forward(self, logits: Floats, targets: Targets) -> float:
        np.copyto(self.outputs, logits)
        self._activation.forward(self.outputs)
        np.subtract(self.outputs, targets, out=self._error)
        return self._factor * float(np.vdot(self._error, self._error))

    def backward(self) -> Floats:
        """2 · factor · (ŷ − y) · activation′(z)."""
        np.multiply(self._error, 2 * self._factor, out=self._error)
        return self._activation.backward(self.outputs, self._error)


class MeanSquaredError(SquaredError):
    """L = mean over rows and outputs of (ŷ − y)²."""

    @staticmethod
    def factor(rows: int, outputs: int) -> float:
        """1 / (rows · outputs)."""
        return 1 / (rows * outputs)


class HalfSquaredError(SquaredError):
    """L = mean over rows of ½ Σ (ŷ − y)² over the outputs."""

    @staticmethod
    def factor(rows: int, outputs: int) -> float:  # noqa: ARG004 - the outputs are summed
        """1 / (2 · rows)."""
        return 1 / (2 * rows)
