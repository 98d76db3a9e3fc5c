"""Losses that penalize large errors less than the squared error does."""

from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Floats, Pieces
from engine.losses.error_base import ErrorLoss


class MeanAbsoluteErrorLoss(ErrorLoss):
    """l = mean over outputs of |e|. Gradient: sign(e) / outputs, 0 where e = 0."""

    def _sum(self, error: Floats, out: Floats) -> None:
        terms = np.abs(error, out=self._scratch.rows(len(error)))
        np.add.reduce(terms, axis=1, out=out)

    def pieces(self) -> Pieces:
        """Return the sign of each error, `(batch, outputs)`."""
        return np.sign(self._error).astype(np.int8)

    def _differentiate(self, error: Floats) -> None:
        np.sign(error, out=error)


class HuberLoss(ErrorLoss):
    """l = mean over outputs of ½ e² where |e| ≤ δ, else δ (|e| − ½ δ).

    Both cases equal c (e − ½ c), c being e clipped to ±δ; the gradient is c / outputs.
    Source: Huber 1964.
    """

    def __init__(
        self, out_features: int, activation: Activation, delta: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(out_features, activation, dtype)
        self._delta = delta

    def _sum(self, error: Floats, out: Floats) -> None:
        terms = self._scratch.rows(len(error))
        np.clip(error, -self._delta, self._delta, out=terms)
        np.multiply(terms, -0.5, out=terms)
        np.add(terms, error, out=terms)
        np.clip(error, -self._delta, self._delta, out=error)  # the gradient needs only this
        np.einsum("ij,ij->i", terms, error, out=out)

    def pieces(self) -> Pieces:
        """Return −1 below −δ, 0 between and 1 above δ, `(batch, outputs)`."""
        # The forward pass has clipped the error.
        at_bound = np.abs(self._error) >= self._delta
        return (np.sign(self._error) * at_bound).astype(np.int8)

    def _differentiate(self, error: Floats) -> None:
        """Do nothing: `_sum` already clipped the error."""


class LogCoshLoss(ErrorLoss):
    """l = mean over outputs of log cosh(e). Gradient: tanh(e) / outputs.

    Computed as |e| + log(½ + ½ exp(−2 |e|)) with log1p and expm1, which does not overflow and
    keeps the precision of small errors.
    """

    def _sum(self, error: Floats, out: Floats) -> None:
        terms = self._scratch.rows(len(error))
        np.abs(error, out=terms)
        np.add.reduce(terms, axis=1, out=out)
        np.multiply(terms, -2, out=terms)
        np.expm1(terms, out=terms)
        np.multiply(terms, 0.5, out=terms)
        np.log1p(terms, out=terms)
        np.add(out, np.add.reduce(terms, axis=1), out=out)

    def _differentiate(self, error: Floats) -> None:
        np.tanh(error, out=error)


class QuantileLoss(ErrorLoss):
    """l = mean over outputs of max(−q e, (1 − q) e), with q the quantile.

    Gradient times outputs: −q where e < 0, 1 − q where e > 0, ½ − q where e = 0.
    Source: Koenker and Bassett 1978.
    """

    def __init__(
        self, out_features: int, activation: Activation, quantile: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(out_features, activation, dtype)
        self._quantile = quantile

    def _sum(self, error: Floats, out: Floats) -> None:
        terms = np.heaviside(error, 0.5, out=self._scratch.rows(len(error)))
        np.subtract(terms, self._quantile, out=terms)
        np.einsum("ij,ij->i", terms, error, out=out)

    def pieces(self) -> Pieces:
        """Return the sign of each error, `(batch, outputs)`."""
        return np.sign(self._error).astype(np.int8)

    def _differentiate(self, error: Floats) -> None:
        np.copyto(error, self._scratch.rows(len(error)))
