"""Binary cross entropy on softmax outputs."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class SoftmaxBinaryCrossEntropy(Loss):
    """l = mean over outputs of −(y log p + (1 − y) log(1 − p)), p = softmax(z), z the logits.

    Only the row's largest p, at output m, can be so near to 1 that 1 − p loses its precision;
    log(1 − p_m) is therefore computed from the other logits, whose softmax is r.
    Gradient of l · outputs: p_i (outputs − Σ_k≠i a_k) − y_i with a = (1 − y) / (1 − p), where
    p_i a_m is r_i (1 − y_m). Targets are between 0 and 1, shape `(batch, outputs)`, outputs ≥ 2.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._units = out_features
        self._others_buffer = Buffer((out_features,), dtype)
        self._terms_buffer = Buffer((out_features,), dtype)
        self._column = Buffer((1,), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._others = self._others_buffer.rows(rows)
        self._terms = self._terms_buffer.rows(rows)
        self._row_value = self._column.rows(rows)
        self._row_start = np.arange(rows) * self._units
        self._position = np.empty(rows, np.intp)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        self._targets = targets
        np.argmax(logits, axis=1, out=self._position)
        np.add(self._position, self._row_start, out=self._position)
        np.maximum.reduce(logits, axis=1, keepdims=True, out=self._row_value)
        np.subtract(logits, self._row_value, out=self._terms)
        log_others = self._normalize_others()
        log_sum = np.log1p(np.exp(log_others))
        np.subtract(self._terms, log_sum, out=self._terms)
        np.exp(self._terms, out=self.outputs)
        np.einsum("ij,ij->i", targets, self._terms, out=self._losses)
        self._write_log_complement(log_others - log_sum)
        np.add(self._losses, np.einsum("ij->i", self._terms), out=self._losses)
        np.subtract(self._losses, np.einsum("ij,ij->i", targets, self._terms), out=self._losses)
        return np.divide(self._losses, -self._units, out=self._losses)

    def _normalize_others(self) -> Floats:
        """Compute r from z − z_m; return log Σ_j≠m exp(z_j − z_m), shape `(batch, 1)`."""
        others = self._others
        np.copyto(others, self._terms)
        others.reshape(-1)[self._position] = -np.inf
        second = np.maximum.reduce(others, axis=1, keepdims=True)
        np.subtract(others, second, out=others)
        np.exp(others, out=others)
        total = np.add.reduce(others, axis=1, keepdims=True)
        np.divide(others, total, out=others)
        return second + np.log(total)

    def _write_log_complement(self, log_of_largest: Floats) -> None:
        """Write log(1 − p) into `_terms`; where p is largest, it is `log_of_largest`."""
        flat = self._terms.reshape(-1)
        np.negative(self.outputs, out=self._terms)
        flat[self._position] = 0
        np.log1p(self._terms, out=self._terms)
        flat[self._position] = log_of_largest[:, 0]

    def _backward(self) -> Floats:
        """(p (outputs − Σ_k≠m a_k) + p a − y − r (1 − y_m)) / outputs, without a_m."""
        p, y, a = self.outputs, self._targets, self._terms
        flat, position = a.reshape(-1), self._position
        np.subtract(1, p, out=a)
        flat[position] = 1  # may have been 0; excluded below
        np.divide(1, a, out=a)
        flat[position] = 0
        total = np.einsum("ij->i", a) - np.einsum("ij,ij->i", a, y)
        # With b = p / (1 − p), p a − y is b − (b + 1) y: saves an array for 1 − y.
        np.multiply(p, a, out=a)
        np.multiply(p, (self._units - total)[:, np.newaxis], out=p)
        np.add(p, a, out=p)
        np.add(a, 1, out=a)
        np.multiply(a, y, out=a)
        np.subtract(p, a, out=p)
        complement = 1 - np.take_along_axis(y, (position - self._row_start)[:, np.newaxis], axis=1)
        np.multiply(self._others, complement, out=self._others)
        np.subtract(p, self._others, out=p)
        return np.divide(p, self._units, out=p)
