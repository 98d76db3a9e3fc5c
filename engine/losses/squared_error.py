"""Squared error losses."""

from typing import Any

import numpy as np

from engine.activations import Activation
from engine.arrays import Floats
from engine.losses.error_base import ErrorLoss


class MeanSquaredErrorLoss(ErrorLoss):
    """l = mean over outputs of e². Gradient: 2 e / outputs."""

    def _sum(self, error: Floats, out: Floats) -> None:
        np.einsum("ij,ij->i", error, error, out=out)

    def _differentiate(self, error: Floats) -> None:
        np.multiply(error, 2, out=error)


class HalfSquaredErrorLoss(MeanSquaredErrorLoss):
    """l = ½ Σ e² over the outputs. Gradient: e."""

    def __init__(self, out_features: int, activation: Activation, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, activation, dtype)
        self._factor = 0.5
