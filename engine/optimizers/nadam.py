"""NAdam: Adam with Nesterov momentum."""

import math

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant, positive
from engine.specs import Nadam


class NadamOptimizer(Optimizer):
    """NAdam (Dozat 2016, as in PyTorch).

    μₜ = β₁ (1 − ½ · 0.96^(t · momentum_decay));  m, v and v̂ as in Adam
    m̂ = μₜ₊₁ m / (1 − ∏ μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − ∏ μ₁…μₜ)
    w ← w − learning_rate · m̂ / (√v̂ + ε)

    The slots hold M = m / (1 − β₁) and V = v / (1 − β₂), and all constants combine into three
    numbers per step: w ← w − rate · (g + share · M) / (√V + ε′).
    """

    def __init__(self, spec: Nadam, parameters: Floats, gradients: Floats) -> None:
        mean, square = np.zeros_like(parameters), np.zeros_like(parameters)
        self.slots = {"mean": mean, "square": square}
        self._spec = spec
        self._step, self._product = 0, 1.0
        self._dtype = dtype = parameters.dtype
        self._beta1, self._beta2 = constant(spec.beta1, dtype), constant(spec.beta2, dtype)
        self._rate, self._epsilon, self._share = (np.empty((), dtype) for _ in range(3))
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, mean, square, scratch=2))

    def update(self, learning_rate: float, step: int) -> None:
        """Take one step, with the momentum and the bias correction of that step."""
        self._correct_bias(learning_rate, step)
        for w, g, mean, square, change, spare in self._blocks:
            np.multiply(mean, self._beta1, out=mean)
            np.add(mean, g, out=mean)
            np.multiply(square, self._beta2, out=square)
            np.multiply(g, g, out=spare)
            np.add(square, spare, out=square)
            np.sqrt(square, out=spare)
            np.add(spare, self._epsilon, out=spare)
            np.multiply(mean, self._share, out=change)
            np.add(change, g, out=change)
            np.divide(change, spare, out=change)
            np.multiply(change, self._rate, out=change)
            np.subtract(w, change, out=w)

    def _correct_bias(self, learning_rate: float, step: int) -> None:
        """Compute the rate, the share of M and ε′ of the step."""
        beta1, beta2 = self._spec.beta1, self._spec.beta2
        product = self._momentum_product(step)
        momentum, following = self._momentum(step), self._momentum(step + 1)
        of_gradient = (1 - momentum) / (1 - product)
        of_mean = (1 - beta1) * following / (1 - product * following)
        root = math.sqrt((1 - beta2) / (1 - beta2**step))  # √v̂ = root · √V
        self._rate.fill(learning_rate * of_gradient / root)
        self._share.fill(of_mean / of_gradient)
        self._epsilon.fill(positive(self._spec.epsilon / root, self._dtype))

    def _momentum(self, step: int) -> float:
        """Return μ of the step."""
        return self._spec.beta1 * (1 - 0.5 * math.pow(0.96, step * self._spec.momentum_decay))

    def _momentum_product(self, step: int) -> float:
        """Return ∏ μ up to this step; a resumed optimizer computes the same bits."""
        if step <= self._step:
            self._step, self._product = 0, 1.0
        while self._step < step:
            self._step += 1
            self._product *= self._momentum(self._step)
        return self._product
