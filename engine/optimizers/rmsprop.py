"""RMSprop, with and without momentum."""

import math

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant, positive
from engine.specs import Rmsprop


class RmspropOptimizer(Optimizer):
    """s ← ρ s + (1 − ρ) g²; w ← w − learning_rate · g / (√s + ε) (Tieleman and Hinton 2012).

    The slot holds S = s / (1 − ρ), which saves a pass over memory:
    w ← w − rate · g / (√S + ε′) with rate = learning_rate / √(1 − ρ) and ε′ = ε / √(1 − ρ).
    """

    def __init__(self, spec: Rmsprop, parameters: Floats, gradients: Floats) -> None:
        square = np.zeros_like(parameters)
        self.slots = {"square": square}
        dtype = parameters.dtype
        self._root = math.sqrt(1 - spec.rho)
        self._rho = constant(spec.rho, dtype)
        self._epsilon = constant(positive(spec.epsilon / self._root, dtype), dtype)
        self._rate = np.empty((), dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, square))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step down the gradient divided by its recent magnitude."""
        self._rate.fill(learning_rate / self._root)
        for w, g, square, change in self._blocks:
            self._divide(g, square, change)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)

    def _divide(self, g: Floats, square: Floats, change: Floats) -> None:
        """S ← ρ S + g²; change ← g / (√S + ε′)."""
        np.multiply(square, self._rho, out=square)
        np.multiply(g, g, out=change)
        np.add(square, change, out=square)
        np.sqrt(square, out=change)
        np.add(change, self._epsilon, out=change)
        np.divide(g, change, out=change)


class RmspropMomentumOptimizer(RmspropOptimizer):
    """v ← momentum · v + g / (√s + ε); w ← w − learning_rate · v, s as in RMSprop.

    The slot holds V = v · √(1 − ρ): V ← momentum · V + g / (√S + ε′); w ← w − rate · V.
    """

    def __init__(self, spec: Rmsprop, parameters: Floats, gradients: Floats) -> None:
        super().__init__(spec, parameters, gradients)
        self.slots["velocity"] = np.zeros_like(parameters)
        self._momentum = constant(spec.momentum, parameters.dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, *self.slots.values()))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step along the velocity."""
        self._rate.fill(learning_rate / self._root)
        for w, g, square, v, change in self._blocks:
            self._divide(g, square, change)
            np.multiply(v, self._momentum, out=v)
            np.add(v, change, out=v)
            np.multiply(v, self._rate, out=change)
            np.subtract(w, change, out=w)
