"""Poisson losses for counts."""

from typing import Any

import numpy as np

from engine.activations import Softplus
from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class ExponentialPoisson(Loss):
    """l = mean over outputs of exp(z) − y z: ŷ − y log ŷ with ŷ = exp(z), z the logits.

    Gradient: (ŷ − y) / outputs. Targets are non-negative, shape `(batch, outputs)`.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._units = out_features
        self._scratch = Buffer((out_features,), dtype)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._targets = targets
        np.exp(logits, out=self.outputs)
        terms = np.multiply(logits, targets, out=self._scratch.rows(len(logits)))
        np.subtract(self.outputs, terms, out=terms)
        np.add.reduce(terms, axis=1, out=self._losses)
        return np.divide(self._losses, self._units, out=self._losses)

    def _backward(self) -> Floats:
        """(ŷ − y) / outputs."""
        np.subtract(self.outputs, self._targets, out=self.outputs)
        return np.divide(self.outputs, self._units, out=self.outputs)


class SoftplusPoisson(Loss):
    """l = mean over outputs of ŷ − y log ŷ, with ŷ = log(1 + exp(z)), z the logits.

    Gradient: (s − y (s / ŷ)) / outputs with s = σ(z) = 1 − exp(−ŷ). Targets are not negative, shape
    `(batch, outputs)`. Where ŷ is too small for a number, log ŷ is z and s / ŷ is 1.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._units = out_features
        self._softplus = Softplus()
        self._scratch = Buffer((out_features,), dtype)
        self._tiny = np.finfo(dtype).tiny

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._targets = targets
        terms = self._scratch.rows(len(logits))
        np.copyto(self.outputs, logits)
        self._softplus.forward(self.outputs)
        np.maximum(self.outputs, self._tiny, out=terms)
        np.log(terms, out=terms)
        np.minimum(terms, logits, out=terms)  # log ŷ < z always: replaces only rounding errors
        np.multiply(terms, targets, out=terms)
        np.subtract(self.outputs, terms, out=terms)
        np.add.reduce(terms, axis=1, out=self._losses)
        return np.divide(self._losses, self._units, out=self._losses)

    def _backward(self) -> Floats:
        """(s − y (s / ŷ)) / outputs."""
        output, slope = self.outputs, self._scratch.rows(len(self.outputs))
        np.maximum(output, self._tiny, out=output)
        np.negative(output, out=slope)
        np.expm1(slope, out=slope)
        np.negative(slope, out=slope)
        # s / ŷ is at most 1; y / ŷ overflows where ŷ is tiny.
        np.divide(slope, output, out=output)
        np.multiply(self._targets, output, out=output)
        np.subtract(slope, output, out=output)
        return np.divide(output, self._units, out=output)
