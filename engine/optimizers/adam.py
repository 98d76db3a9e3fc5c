"""Adam, AdamW and AMSGrad."""

import math

import numpy as np

from engine.arrays import Floats
from engine.optimizers.base import Optimizer, blocks_with_scratch, constant, positive
from engine.specs import Adam, Adamw, Amsgrad


class AdamOptimizer(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1).

    m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
    w ← w − learning_rate · m̂ / (√v̂ + ε),  with m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)

    The slots hold M = m / (1 − β₁) and V = v / (1 − β₂), which saves three of thirteen passes over
    memory: M ← β₁ M + g; V ← β₂ V + g². All constants then combine into two numbers per step:
    w ← w − rate · M / (√V + ε′).
    """

    def __init__(self, spec: Adam | Adamw | Amsgrad, parameters: Floats, gradients: Floats) -> None:
        mean, square = np.zeros_like(parameters), np.zeros_like(parameters)
        self.slots = {"mean": mean, "square": square}
        self._spec = spec
        self._dtype = dtype = parameters.dtype
        self._beta1, self._beta2 = constant(spec.beta1, dtype), constant(spec.beta2, dtype)
        self._rate, self._epsilon = np.empty((), dtype), np.empty((), dtype)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, mean, square))

    def update(self, learning_rate: float, step: int) -> None:
        """Take one step, with the bias correction of that step."""
        self._correct_bias(learning_rate, step)
        for w, g, mean, square, change in self._blocks:
            self._add_moments(g, mean, square, change)
            self._move(w, mean, square, change)

    def _correct_bias(self, learning_rate: float, step: int) -> None:
        """Compute the rate and ε′ of the step."""
        beta1, beta2 = self._spec.beta1, self._spec.beta2
        root = math.sqrt((1 - beta2) / (1 - beta2**step))  # √v̂ = root · √V
        self._rate.fill(learning_rate * (1 - beta1) / (1 - beta1**step) / root)
        self._epsilon.fill(positive(self._spec.epsilon / root, self._dtype))

    def _add_moments(self, g: Floats, mean: Floats, square: Floats, change: Floats) -> None:
        """M ← β₁ M + g; V ← β₂ V + g²."""
        np.multiply(mean, self._beta1, out=mean)
        np.add(mean, g, out=mean)
        np.multiply(square, self._beta2, out=square)
        np.multiply(g, g, out=change)
        np.add(square, change, out=square)

    def _move(self, w: Floats, mean: Floats, square: Floats, change: Floats) -> None:
        """Update w ← w − rate · M / (√V + ε′)."""
        np.sqrt(square, out=change)
        np.add(change, self._epsilon, out=change)
        np.divide(mean, change, out=change)
        np.multiply(change, self._rate, out=change)
        np.subtract(w, change, out=w)


class AdamwOptimizer(AdamOptimizer):
    """Adam, after w ← w − learning_rate · weight_decay · w (Loshchilov and Hutter 2019)."""

    def __init__(self, spec: Adamw, parameters: Floats, gradients: Floats) -> None:
        super().__init__(spec, parameters, gradients)
        self._weight_decay = spec.weight_decay
        self._decay_factor = np.empty((), parameters.dtype)

    def update(self, learning_rate: float, step: int) -> None:
        """Take one step: weight decay, then Adam."""
        self._correct_bias(learning_rate, step)
        self._decay_factor.fill(1 - learning_rate * self._weight_decay)
        for w, g, mean, square, change in self._blocks:
            np.multiply(w, self._decay_factor, out=w)
            self._add_moments(g, mean, square, change)
            self._move(w, mean, square, change)


class AmsgradOptimizer(AdamOptimizer):
    """Adam with the running maximum of v in place of v (Reddi et al. 2018, as in PyTorch)."""

    def __init__(self, spec: Amsgrad, parameters: Floats, gradients: Floats) -> None:
        super().__init__(spec, parameters, gradients)
        self.slots["largest_square"] = np.zeros_like(parameters)
        self._blocks = tuple(blocks_with_scratch(parameters, gradients, *self.slots.values()))

    def update(self, learning_rate: float, step: int) -> None:
        """Take one step, with the bias correction of that step."""
        self._correct_bias(learning_rate, step)
        for w, g, mean, square, largest, change in self._blocks:
            self._add_moments(g, mean, square, change)
            np.maximum(largest, square, out=largest)
            self._move(w, mean, largest, change)
