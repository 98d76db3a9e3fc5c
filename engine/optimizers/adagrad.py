"""Adagrad."""

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant, positive
from engine.specs import Adagrad


class AdagradOptimizer(Optimizer):
    """s ← s + g²; w ← w − learning_rate · g / (√s + ε) (Duchi et al. 2011)."""

    def __init__(self, spec: Adagrad, parameters: Floats, gradients: Floats) -> None:
        square = np.zeros_like(parameters)
        self.slots = {"square": square}
        dtype = parameters.dtype
        self._epsilon = constant(positive(spec.epsilon, dtype), dtype)
        self._rate = np.empty((), dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, square))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step, shorter for parameters with large past gradients."""
        self._rate.fill(learning_rate)
        for w, g, square, change in self._blocks:
            np.multiply(g, g, out=change)
            np.add(square, change, out=square)
            np.sqrt(square, out=change)
            np.add(change, self._epsilon, out=change)
            np.divide(g, change, out=change)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)
