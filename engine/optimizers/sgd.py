"""Gradient descent: plain, with momentum and with Nesterov momentum."""

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant


class SgdOptimizer(Optimizer):
    """w ← w − learning_rate · g."""

    def __init__(self, parameters: Floats, gradients: Floats) -> None:
        self.slots = {}
        self._rate = np.empty((), parameters.dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - no state
        """Take one step down the gradient."""
        self._rate.fill(learning_rate)
        for w, g, change in self._blocks:
            np.multiply(g, self._rate, out=change)
            np.subtract(w, change, out=w)


class MomentumOptimizer(Optimizer):
    """v ← momentum · v + g; w ← w − learning_rate · v (Polyak 1964, as in PyTorch)."""

    def __init__(self, parameters: Floats, gradients: Floats, momentum: float) -> None:
        velocity = np.zeros_like(parameters)
        self.slots = {"velocity": velocity}
        self._momentum = constant(momentum, parameters.dtype)
        self._rate = np.empty((), parameters.dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, velocity))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step along the velocity."""
        self._rate.fill(learning_rate)
        for w, g, v, change in self._blocks:
            np.multiply(v, self._momentum, out=v)
            np.add(v, g, out=v)
            np.multiply(v, self._rate, out=change)
            np.subtract(w, change, out=w)


class NesterovOptimizer(MomentumOptimizer):
    """v ← momentum · v + g; w ← w − learning_rate · (g + momentum · v).

    Source: Sutskever et al. 2013, as in PyTorch.
    """

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step along the look-ahead velocity."""
        self._rate.fill(learning_rate)
        for w, g, v, change in self._blocks:
            np.multiply(v, self._momentum, out=v)
            np.add(v, g, out=v)
            np.multiply(v, self._momentum, out=change)
            np.add(change, g, out=change)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)
