"""Lion."""

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant
from engine.specs import Lion


class LionOptimizer(Optimizer):
    """Lion (Chen et al. 2023, algorithm 2).

    w ← w − learning_rate · (sign(β₁ m + (1 − β₁) g) + weight_decay · w);  m ← β₂ m + (1 − β₂) g

    The slot holds M = m / (1 − β₂), which saves two passes over memory: M ← β₂ M + g. A sign is
    invariant to scale: it equals that of share · M + g with share = β₁ (1 − β₂) / (1 − β₁).
    """

    def __init__(self, spec: Lion, parameters: Floats, gradients: Floats) -> None:
        mean = np.zeros_like(parameters)
        self.slots = {"mean": mean}
        dtype = parameters.dtype
        self._weight_decay = spec.weight_decay
        self._share = constant(spec.beta1 * (1 - spec.beta2) / (1 - spec.beta1), dtype)
        self._beta2 = constant(spec.beta2, dtype)
        self._rate, self._decay_factor = np.empty((), dtype), np.empty((), dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, mean))

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step of the same length for every weight."""
        self._rate.fill(learning_rate)
        self._decay_factor.fill(1 - learning_rate * self._weight_decay)
        for w, g, mean, change in self._blocks:
            np.multiply(mean, self._share, out=change)
            np.add(change, g, out=change)
            np.sign(change, out=change)
            np.multiply(change, self._rate, out=change)
            if self._weight_decay:
                np.multiply(w, self._decay_factor, out=w)
            np.subtract(w, change, out=w)
            np.multiply(mean, self._beta2, out=mean)
            np.add(mean, g, out=mean)
