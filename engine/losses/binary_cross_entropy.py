"""Binary cross entropy on sigmoid outputs."""

from typing import Any

import numpy as np

from engine.activations import Sigmoid
from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SigmoidBinaryCrossEntropy(Loss):
    """l = mean over outputs of log(1 + exp(z)) − y z, with z the logits.

    Equals −(y log p + (1 − y) log(1 − p)) with p = σ(z), and never takes the log of a rounded zero.
    Gradient: (σ(z) − y) / outputs. Targets are between 0 and 1, shape `(batch, outputs)`.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._sigmoid = Sigmoid(dtype)
        self._scratch = Buffer((out_features,), dtype)
        self._zero = np.zeros((), dtype)
        self._units = out_features

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._terms = self._scratch.rows(rows)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._targets = targets
        np.multiply(logits, targets, out=self._terms)
        np.logaddexp(logits, self._zero, out=self.outputs)
        np.subtract(self.outputs, self._terms, out=self._terms)
        np.copyto(self.outputs, logits)
        self._sigmoid.forward(self.outputs)
        np.add.reduce(self._terms, axis=1, out=self._losses)
        return np.divide(self._losses, self._units, out=self._losses)

    def _backward(self) -> Floats:
        """(σ(z) − y) / outputs."""
        np.subtract(self.outputs, self._targets, out=self.outputs)
        return np.divide(self.outputs, self._units, out=self.outputs)
