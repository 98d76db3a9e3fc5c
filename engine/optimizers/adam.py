"""Adam."""

import math

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks
from engine.specs import Adam


class AdamOptimizer(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
    w ← w − learning_rate · m̂ / (√v̂ + ε),  with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)

    The slots hold M = m / (1 − β₁) and V = v / (1 − β₂), which saves three of thirteen passes over
    memory: M ← β₁ M + g; V ← β₂ V + g². All constants then gather in two numbers of the step:
    w ← w − rate · M / (√V + ε′).
    """

    def __init__(self, spec: Adam, parameters: Floats, gradients: Floats) -> None:
        mean, square = np.zeros_like(parameters), np.zeros_like(parameters)
        self.slots = {"mean": mean, "square": square}
        self._spec = spec
        dtype = parameters.dtype
        # An ε that the type rounds to zero would make 0 / 0 of a weight without a gradient.
        self._least = float(np.finfo(dtype).tiny)
        # Constants as arrays: NumPy converts a Python number anew in every call.
        self._beta1, self._beta2 = np.array(spec.beta1, dtype), np.array(spec.beta2, dtype)
        self._rate, self._epsilon = np.empty((), dtype), np.empty((), dtype)
        self._blocks = tuple(blocks(parameters, gradients, mean, square))

    def update(self, learning_rate: float, step: int) -> None:
        """One step, with the bias correction of that step."""
        beta1, beta2 = self._spec.beta1, self._spec.beta2
        root = math.sqrt((1 - beta2) / (1 - beta2**step))  # √v̂ = root · √V
        self._rate.fill(learning_rate * (1 - beta1) / (1 - beta1**step) / root)
        self._epsilon.fill(max(self._spec.epsilon / root, self._least))
        for w, g, mean, square, change in self._blocks:
            np.multiply(mean, self._beta1, out=mean)
            np.add(mean, g, out=mean)
            np.multiply(square, self._beta2, out=square)
            np.multiply(g, g, out=change)
            np.add(square, change, out=square)
            np.sqrt(square, out=change)
            np.add(change, self._epsilon, out=change)
            np.divide(mean, change, out=change)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)
