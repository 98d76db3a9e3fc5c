"""Gaussian negative log-likelihood, on two linear outputs: mean and log variance."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.losses.base import Loss


class GaussianLoss(Loss):
    """l = ½ (s + (y − μ)² exp(−s)); the outputs are the mean μ and the log variance s.

    The negative log of the normal density without the constant ½ log 2π. Gradient:
    (μ − y) exp(−s) and ½ (1 − (y − μ)² exp(−s)). Targets have shape `(batch, 1)`.
    Source: Nix and Weigend 1994.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        super().__init__(2, dtype)
        self._scratch = Buffer((2,), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._slope, self._scaled_square = self._scratch.rows(rows).reshape(2, rows)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        slope, scaled_square = self._slope, self._scaled_square
        np.copyto(self.outputs, logits)
        np.subtract(logits[:, 0], targets[:, 0], out=scaled_square)
        np.negative(logits[:, 1], out=slope)
        np.exp(slope, out=slope)
        np.multiply(slope, scaled_square, out=slope)
        np.multiply(slope, scaled_square, out=scaled_square)
        np.add(scaled_square, logits[:, 1], out=self._losses)
        return np.multiply(self._losses, 0.5, out=self._losses)

    def _backward(self) -> Floats:
        """((μ − y) exp(−s), ½ − ½ (y − μ)² exp(−s))."""
        self.outputs[:, 0] = self._slope
        np.multiply(self._scaled_square, -0.5, out=self.outputs[:, 1])
        self.outputs[:, 1] += 0.5
        return self.outputs
