"""Cross entropy on softmax outputs."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SoftmaxCrossEntropy(Loss):
    """l = log Σ_j exp(z_j) − z_class, with z the logits.

    Gradient: softmax(z) − onehot(class). Targets are class indices, shape `(batch,)`.
    Source: Goodfellow, Bengio and Courville 2016, section 6.2.2.3.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._column = Buffer((1,), dtype)
        self._classes = out_features
        self._ones = np.ones((out_features, 1), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._flat = self.outputs.reshape(-1)
        self._row_value = self._column.rows(rows)
        self._row_start = np.arange(rows) * self._classes
        self._position = np.empty(rows, np.intp)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._shift(logits, targets)
        return self._normalize()

    def _shift(self, logits: Floats, targets: Targets) -> None:
        """Write z − max z, which leaves the loss unchanged, and the class's value of it."""
        np.maximum.reduce(logits, axis=1, keepdims=True, out=self._row_value)
        np.subtract(logits, self._row_value, out=self.outputs)  # keeps exp from overflowing
        np.add(self._row_start, targets, out=self._position)
        self._flat.take(self._position, None, self._losses, "clip")

    def _normalize(self) -> Floats:
        """Overwrite z with softmax(z); return log Σ_j exp(z_j) minus the values in `_losses`."""
        z, row = self.outputs, self._row_value
        np.exp(z, out=z)
        np.dot(z, self._ones, out=row)
        np.divide(z, row, out=z)
        np.log(row, out=row)
        return np.subtract(row[:, 0], self._losses, out=self._losses)

    def _backward(self) -> Floats:
        """Softmax − onehot."""
        self._flat[self._position] -= 1
        return self.outputs


class SmoothedSoftmaxCrossEntropy(SoftmaxCrossEntropy):
    """l = log Σ_j exp(z_j) − Σ_k q_k z_k, q = (1 − smoothing) onehot(class) + smoothing / classes.

    Gradient: softmax(z) − q. Source: Szegedy et al. 2016, section 7.
    """

    def __init__(self, out_features: int, smoothing: float, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._smoothing = smoothing
        self._share = smoothing / out_features
        self._even_shares = np.full((out_features, 1), self._share, dtype)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._shift(logits, targets)
        np.dot(self.outputs, self._even_shares, out=self._row_value)
        np.multiply(self._losses, 1 - self._smoothing, out=self._losses)
        np.add(self._losses, self._row_value[:, 0], out=self._losses)
        return self._normalize()

    def _backward(self) -> Floats:
        """Softmax − q."""
        self._flat[self._position] -= 1 - self._smoothing
        return np.subtract(self.outputs, self._share, out=self.outputs)
