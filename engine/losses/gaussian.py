"""Gaussian negative log-likelihood, on two linear outputs per target: mean, log variance."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class GaussianLoss(Loss):
    """l = mean over targets of ½ (s + (y − μ)² exp(−s)), with the means μ and log variances s.

    The negative log of the normal density without the constant ½ log 2π. Gradient times targets:
    (μ − y) exp(−s) and ½ (1 − (y − μ)² exp(−s)). The first half of the outputs are the means, the
    second half the log variances; targets have shape `(batch, targets)`.
    Source: Nix and Weigend 1994.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._target_count = out_features // 2
        self._scratch = Buffer((3 * self._target_count,), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        shape = (3, rows, self._target_count)
        self._slope, self._scaled_square, self._terms = self._scratch.rows(rows).reshape(shape)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        slope, scaled_square = self._slope, self._scaled_square
        means, log_variances = logits[:, : self._target_count], logits[:, self._target_count :]
        np.copyto(self.outputs, logits)
        np.subtract(means, targets, out=scaled_square)
        np.negative(log_variances, out=slope)
        np.exp(slope, out=slope)
        np.multiply(slope, scaled_square, out=slope)
        np.multiply(slope, scaled_square, out=scaled_square)
        np.add(scaled_square, log_variances, out=self._terms)
        np.add.reduce(self._terms, axis=1, out=self._losses)
        return np.multiply(self._losses, 0.5 / self._target_count, out=self._losses)

    def _backward(self) -> Floats:
        """((μ − y) exp(−s), ½ − ½ (y − μ)² exp(−s)) / targets."""
        self.outputs[:, : self._target_count] = self._slope
        log_variances = self.outputs[:, self._target_count :]
        np.multiply(self._scaled_square, -0.5, out=log_variances)
        log_variances += 0.5
        return np.divide(self.outputs, self._target_count, out=self.outputs)
