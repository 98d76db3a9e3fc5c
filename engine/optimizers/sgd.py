"""Gradient descent, plain and with momentum."""

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks


class SgdOptimizer(Optimizer):
    """w ← w − learning_rate · g."""

    def __init__(self, parameters: Floats, gradients: Floats) -> None:
        self.slots = {}
        self._rate = np.empty((), parameters.dtype)
        self._blocks = tuple(blocks(parameters, gradients))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - no memory
        """One step down the gradient."""
        self._rate.fill(learning_rate)
        for w, g, change in self._blocks:
            np.multiply(g, self._rate, out=change)
            np.subtract(w, change, out=w)


class MomentumOptimizer(Optimizer):
    """v ← momentum · v + g; w ← w − learning_rate · v (Polyak 1964, as PyTorch writes it)."""

    def __init__(self, parameters: Floats, gradients: Floats, momentum: float) -> None:
        velocity = np.zeros_like(parameters)
        self.slots = {"velocity": velocity}
        self._momentum = np.array(momentum, parameters.dtype)
        self._rate = np.empty((), parameters.dtype)
        self._blocks = tuple(blocks(parameters, gradients, velocity))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - same every step
        """One step along the velocity."""
        self._rate.fill(learning_rate)
        for w, g, v, change in self._blocks:
            np.multiply(v, self._momentum, out=v)
            np.add(v, g, out=v)
            np.multiply(v, self._rate, out=change)
            np.subtract(w, change, out=w)
