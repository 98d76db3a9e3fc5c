"""Adadelta."""

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant, positive
from engine.specs import Adadelta


class AdadeltaOptimizer(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1, with an added learning rate).

    s ← ρ s + (1 − ρ) g²;  d = √(u + ε) / √(s + ε) · g
    u ← ρ u + (1 − ρ) d²;  w ← w − learning_rate · d

    The slots hold S = s / (1 − ρ) and U = u / (1 − ρ), which saves two passes over memory. The
    factor cancels in d: d = √((U + ε′) / (S + ε′)) · g with ε′ = ε / (1 − ρ).
    """

    def __init__(self, spec: Adadelta, parameters: Floats, gradients: Floats) -> None:
        square, change_square = np.zeros_like(parameters), np.zeros_like(parameters)
        self.slots = {"square": square, "change_square": change_square}
        dtype = parameters.dtype
        self._rho = constant(spec.rho, dtype)
        self._epsilon = constant(positive(spec.epsilon / (1 - spec.rho), dtype), dtype)
        self._rate = np.empty((), dtype)
        self._blocks = tuple(
            blocks_with_scratch(parameters, gradients, square, change_square, scratch=2)
        )

    def update(self, learning_rate: float, step: int) -> None:  # noqa: ARG002 - steps are alike
        """Take one step, scaled by the ratio of recent changes to recent gradients."""
        self._rate.fill(learning_rate)
        for w, g, square, change_square, change, spare in self._blocks:
            np.multiply(square, self._rho, out=square)
            np.multiply(g, g, out=spare)
            np.add(square, spare, out=square)
            np.add(square, self._epsilon, out=spare)
            np.add(change_square, self._epsilon, out=change)
            np.divide(change, spare, out=change)
            np.sqrt(change, out=change)
            np.multiply(change, g, out=change)
            np.multiply(change_square, self._rho, out=change_square)
            np.multiply(change, change, out=spare)
            np.add(change_square, spare, out=change_square)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)
