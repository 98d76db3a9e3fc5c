"""Cross entropy on softmax outputs."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SoftmaxCrossEntropy(Loss):
    """L = mean over rows of log Σ_j exp(z_j) − z_class, with z the logits.

    Gradient: (softmax(z) − onehot(class)) / batch. Targets are class indices, shape `(batch,)`.
    Source: Goodfellow, Bengio and Courville 2016, section 6.2.2.3.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._column = Buffer(1, dtype)
        self._classes = out_features
        self._ones = np.ones((out_features, 1), dtype)
        self._dtype = dtype

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._flat = self.outputs.reshape(-1)
        self._row_value = self._column.rows(rows)
        self._row_start = np.arange(rows) * self._classes
        self._position = np.empty(rows, np.intp)
        self._picked = np.empty(rows, self._dtype)
        self._mean = np.full(rows, 1 / rows, self._dtype)
        self._one_row = np.array(1 / rows, self._dtype)

    def _forward(self, logits: Floats, targets: Targets) -> float:
        z, row = self.outputs, self._row_value
        np.maximum.reduce(logits, axis=1, keepdims=True, out=row)
        np.subtract(logits, row, out=z)  # adds nothing to the loss and keeps exp from overflowing
        np.add(self._row_start, targets, out=self._position)
        self._flat.take(self._position, None, self._picked, "clip")
        np.exp(z, out=z)
        np.dot(z, self._ones, out=row)
        np.divide(z, row, out=z)
        np.log(row, out=row)
        np.subtract(row[:, 0], self._picked, out=self._picked)
        return float(np.dot(self._picked, self._mean))

    def backward(self) -> Floats:
        """(softmax − onehot) / batch."""
        self._flat[self._position] -= 1
        np.multiply(self.outputs, self._one_row, out=self.outputs)
        return self.outputs
