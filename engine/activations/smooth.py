"""Smooth activations: SiLU, GELU, softplus and exponential."""

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from engine.activations.base import Activation
from engine.activations.bounded import Sigmoid
from engine.arrays import Floats
from engine.numerics.blocks import blocks
from engine.numerics.special import erf


class Gated(Activation):
    """y = x g(x), which is not monotonic: the slope g(x) + x g′(x) does not follow from y."""

    saves = True

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y, and save the slope."""
        for part, slope in blocks(x, self.saved):
            gate = self._gate(part)
            np.multiply(self._gate_slope(part, gate), part, out=slope)
            np.add(slope, gate, out=slope)
            np.multiply(part, gate, out=part)
        return x

    def predict(self, x: Floats) -> Floats:
        """Overwrite x with y."""
        for (part,) in blocks(x):
            np.multiply(part, self._gate(part), out=part)
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:  # noqa: ARG002 - the slope was saved
        """Overwrite dy with dx = dy · slope."""
        return np.multiply(dy, self.saved, out=dy)

    @abstractmethod
    def _gate(self, x: Floats) -> Floats:
        """g(x), in a new array."""

    @abstractmethod
    def _gate_slope(self, x: Floats, gate: Floats) -> Floats:
        """g′(x), in a new array."""


class Silu(Gated):
    """y = x σ(x), with σ′ = σ (1 − σ) (Elfwing et al. 2018)."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._sigmoid = Sigmoid(dtype)

    def _gate(self, x: Floats) -> Floats:
        return self._sigmoid.forward(x.copy())

    def _gate_slope(self, x: Floats, gate: Floats) -> Floats:  # noqa: ARG002 - follows from the gate
        return gate * (1 - gate)


class Gelu(Gated):
    """y = x Φ(x), with Φ(x) = ½ (1 + erf(x / √2)) and Φ′(x) = exp(−x² / 2) / √(2π).

    Source: Hendrycks and Gimpel 2016.
    """

    def _gate(self, x: Floats) -> Floats:
        return 0.5 * (1 + erf(x * math.sqrt(0.5)))

    def _gate_slope(self, x: Floats, gate: Floats) -> Floats:  # noqa: ARG002 - follows from x
        return np.exp(-0.5 * x * x) * (1 / math.sqrt(2 * math.pi))


class GeluTanh(Gated):
    """y = x g(x), with g = ½ (1 + tanh u), u = √(2/π) (x + 0.044715 x³) and g′ = 2 g (1 − g) u′.

    Source: Hendrycks and Gimpel 2016, section 2.
    """

    _FACTOR = math.sqrt(2 / math.pi)
    _CUBIC = 0.044715

    def _gate(self, x: Floats) -> Floats:
        return 0.5 * (1 + np.tanh(self._FACTOR * x * (1 + self._CUBIC * x * x)))

    def _gate_slope(self, x: Floats, gate: Floats) -> Floats:
        return 2 * gate * (1 - gate) * (self._FACTOR * (1 + 3 * self._CUBIC * x * x))


class Softplus(Activation):
    """y = log(1 + exp(x)), y′ = 1 − exp(−y)."""

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y = max(x, 0) + log(1 + exp(−|x|)), which cannot overflow."""
        for (part,) in blocks(x):
            tail = np.log1p(np.exp(-np.abs(part)))
            np.maximum(part, 0, out=part)
            np.add(part, tail, out=part)
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · (1 − exp(−y)), accurate for small y too."""
        np.negative(y, out=y)
        np.expm1(y, out=y)
        np.negative(y, out=y)
        return np.multiply(dy, y, out=dy)


class Exponential(Activation):
    """y = exp(x), y′ = y."""

    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y, infinite on overflow."""
        # The caller checks the results for non-finite values.
        with np.errstate(over="ignore"):
            return np.exp(x, out=x)

    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · y."""
        return np.multiply(dy, y, out=dy)
