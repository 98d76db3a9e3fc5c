"""Bounded activations."""

import math
from typing import Any

import numpy as np

from engine.activations.base import SATURATED_SLOPE, Activation
from engine.arrays import Floats, Pieces
from engine.numerics.blocks import blocks


class Sigmoid(Activation):
    """y = 1 / (1 + exp(−x)), y′ = y (1 − y)."""

    saturation = (0.5, math.sqrt(1 - SATURATED_SLOPE) / 2)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._one = np.ones((), dtype)
        # The largest x whose exp(x) and its reciprocal are both normal numbers.
        self._limit = np.array(87.0 if dtype == np.float32 else 708.0, dtype)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y: accurate to rounding on both tails, without overflow."""
        np.negative(x, out=x)
        np.minimum(x, self._limit, out=x)
        np.exp(x, out=x)
        np.add(x, self._one, out=x)
        return np.reciprocal(x, out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · y · (1 − y)."""
        np.multiply(dy, y, out=dy)
        np.subtract(self._one, y, out=y)
        return np.multiply(dy, y, out=dy)


class HardSigmoid(Activation):
    """y = min(max(x / 6 + ½, 0), 1), y′ = 1/6 between the bounds and 0 at them."""

    saturation = (0.5, 0.5)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        np.divide(x, 6, out=x)
        np.add(x, 0.5, out=x)
        return np.clip(x, 0, 1, out=x)

    def pieces(self, y: Floats) -> Pieces:
        """Return 0 at the lower bound, 1 between the bounds and 2 at the upper one."""
        return np.greater(y, 0).astype(np.int8) + np.greater_equal(y, 1)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy / 6 · (0 < y < 1)."""
        for y_part, dy_part in blocks(y, dy):
            is_between = (y_part > 0) & (y_part < 1)
            np.multiply(dy_part, is_between, out=dy_part)
        return np.divide(dy, 6, out=dy)


class Tanh(Activation):
    """y = tanh(x), y′ = 1 − y²."""

    saturation = (0.0, math.sqrt(1 - SATURATED_SLOPE))

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._one = np.ones((), dtype)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        return np.tanh(x, out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · (1 − y²)."""
        np.multiply(y, y, out=y)
        np.subtract(self._one, y, out=y)
        return np.multiply(dy, y, out=dy)


class Softsign(Activation):
    """y = x / (1 + |x|), y′ = (1 − |y|)²."""

    saturation = (0.0, 1 - math.sqrt(SATURATED_SLOPE))

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        for (part,) in blocks(x):
            np.divide(part, 1 + np.abs(part), out=part)
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · (1 − |y|)²."""
        np.abs(y, out=y)
        np.subtract(1, y, out=y)
        np.multiply(y, y, out=y)
        return np.multiply(dy, y, out=dy)
