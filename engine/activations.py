"""Activation functions, forward and backward, in place.

All of them tell their gradient from their output y alone, so the input need not be kept:
forward overwrites x with y, backward overwrites dy with dx and uses y as scratch.
"""

from abc import ABC, abstractmethod
from typing import Any, assert_never

import numpy as np

from engine.arrays import Floats
from engine.specs import Activation as ActivationName
from engine.specs import OutputActivation


class Activation(ABC):
    """A differentiable function of a layer's outputs, shape `(batch, features)`."""

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y = f(x); return it."""

    @abstractmethod
    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · f′(x); return it. What is in y is lost."""


class Linear(Activation):
    """y = x."""

    def forward(self, x: Floats) -> Floats:
        """Return x."""
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:  # noqa: ARG002 - f′ = 1 whatever y is
        """Return dy."""
        return dy


class Sigmoid(Activation):
    """y = 1 / (1 + exp(−x)), y′ = y (1 − y)."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._one = np.ones((), dtype)
        # The largest x whose exp(x) and its reciprocal are both normal numbers.
        self._limit = np.array(87.0 if dtype == np.float32 else 708.0, dtype)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y; exact to a rounding on both tails, without overflow."""
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


class Tanh(Activation):
    """y = tanh(x), y′ = 1 − y²."""

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


class Relu(Activation):
    """y = max(x, 0), y′ = 1 where y > 0 and 0 elsewhere, at the kink too."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._zero = np.zeros((), dtype)

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        return np.maximum(x, self._zero, out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · (y > 0)."""
        # np.sign would say the same, but branches on every element: ten times as slow here.
        np.greater(y, self._zero, out=y)
        return np.multiply(dy, y, out=dy)


class Softmax(Activation):
    """y_i = exp(x_i) / Σ_j exp(x_j) in each row; dx = y · (dy − Σ_j dy_j y_j)."""

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y; the largest x is subtracted first, so nothing overflows."""
        np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=x)
        np.exp(x, out=x)
        return np.divide(x, np.add.reduce(x, axis=1, keepdims=True), out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx."""
        np.subtract(dy, np.einsum("ij,ij->i", dy, y)[:, np.newaxis], out=dy)
        return np.multiply(dy, y, out=dy)


def build_activation(name: ActivationName | OutputActivation, dtype: np.dtype[Any]) -> Activation:
    """The activation of that name, for arrays of that type."""
    match name:
        case "linear":
            return Linear()
        case "sigmoid":
            return Sigmoid(dtype)
        case "tanh":
            return Tanh(dtype)
        case "relu":
            return Relu(dtype)
        case "softmax":
            return Softmax()
        case _:
            assert_never(name)
