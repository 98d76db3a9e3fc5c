"""Cross entropy on sigmoid outputs."""

from typing import Any

import numpy as np

from engine.activations import Sigmoid
from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SigmoidCrossEntropy(Loss):
    """l = Σ_k q_k log(1 + exp(−z_k)), with z the logits, one per class.

    Equals −Σ_k q_k log p_k with p = σ(z) and q = (1 − smoothing) onehot(class) + smoothing /
    classes; without smoothing, −log p_class. Gradient: q (σ(z) − 1). Targets are class indices,
    shape `(batch,)`.
    """

    def __init__(self, out_features: int, smoothing: float, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._sigmoid = Sigmoid(dtype)
        self._scratch = Buffer((out_features,), dtype)
        self._zero = np.zeros((), dtype)
        self._classes = out_features
        self._base_weight = smoothing / out_features
        self._target_weight = 1 - smoothing + self._base_weight

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._class_weights = self._scratch.rows(rows)
        self._row_start = np.arange(rows) * self._classes
        self._position = np.empty(rows, np.intp)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        q = self._class_weights
        q.fill(self._base_weight)
        np.add(self._row_start, targets, out=self._position)
        q.reshape(-1)[self._position] = self._target_weight
        np.negative(logits, out=self.outputs)
        np.logaddexp(self.outputs, self._zero, out=self.outputs)
        np.einsum("ij,ij->i", self.outputs, q, out=self._losses)
        np.copyto(self.outputs, logits)
        self._sigmoid.forward(self.outputs)
        return self._losses

    def _backward(self) -> Floats:
        """(σ(z) − 1) q."""
        np.subtract(self.outputs, 1, out=self.outputs)
        return np.multiply(self.outputs, self._class_weights, out=self.outputs)
