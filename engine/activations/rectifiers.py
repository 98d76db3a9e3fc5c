"""Rectifiers: ReLU, leaky ReLU, ELU and SELU."""

from typing import Any

import numpy as np

from engine.activations.base import Activation
from engine.arrays import Floats, Pieces
from engine.numerics.blocks import blocks

# Klambauer et al. 2017: these preserve mean 0 and variance 1 from layer to layer.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class Relu(Activation):
    """y = max(x, 0), y′ = 1 where y > 0 and 0 elsewhere, at the kink too."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._zero = np.zeros((), dtype)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        return np.maximum(x, self._zero, out=x)

    def pieces(self, y: Floats) -> Pieces:
        """Return where y is positive."""
        return np.greater(y, 0)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · (y > 0)."""
        # np.sign would give the same result, but branches on every element: ten times as slow here.
        np.greater(y, self._zero, out=y)
        return np.multiply(dy, y, out=dy)


class LeakyRelu(Activation):
    """y = max(x, a x) with 0 ≤ a < 1, y′ = 1 where y > 0 and a elsewhere (Maas et al. 2013)."""

    def __init__(self, negative_slope: float) -> None:
        self._slope = negative_slope

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        for (part,) in blocks(x):
            np.maximum(part, self._slope * part, out=part)
        return x

    def pieces(self, y: Floats) -> Pieces:
        """Return where y is positive."""
        return np.greater(y, 0)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · max(y > 0, a)."""
        np.greater(y, 0, out=y)
        np.maximum(y, self._slope, out=y)
        return np.multiply(dy, y, out=dy)


class Elu(Activation):
    """y = s x where x > 0, else s α (exp(x) − 1); y′ = s where y > 0, else y + s α.

    ELU has s = 1 (Clevert et al. 2016); SELU has fixed s and α (Klambauer et al. 2017).
    """

    def __init__(self, alpha: float, scale: float = 1.0) -> None:
        self._scale = scale
        self._depth = scale * alpha

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        for (part,) in blocks(x):
            negative = np.minimum(part, 0)
            np.expm1(negative, out=negative)
            np.multiply(negative, self._depth, out=negative)
            np.maximum(part, 0, out=part)
            np.multiply(part, self._scale, out=part)
            np.add(part, negative, out=part)
        return x

    def pieces(self, y: Floats) -> Pieces:
        """Return where y is positive."""
        return np.greater(y, 0)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · y′."""
        for y_part, dy_part in blocks(y, dy):
            slope = np.where(y_part > 0, self._scale, y_part + self._depth)
            np.multiply(dy_part, slope, out=dy_part)
        return dy
