"""Weight regularization: l1 and l2 penalties, max-norm constraint."""

import math

import numpy as np

from engine.arrays import Floats
from engine.layers.base import Penalty, walk
from engine.network import Network
from engine.numerics.blocks import blocks


class Penalties:
    """The penalties of all trained layers, on views of the network's parameters and gradients."""

    def __init__(self, network: Network) -> None:
        parameters, gradients = network.named_parameters(), network.gradient_views()
        self._weights: list[tuple[Floats, Floats, Penalty]] = [
            (parameters[name], gradients[name], layer.penalty)
            for layer in walk(iter(network.layers))
            if layer.penalty and not layer.is_frozen
            for name in layer.penalized()
        ]

    def __bool__(self) -> bool:
        return bool(self._weights)

    def value(self) -> float:
        """Return Σ l1 · |w| + l2 · w² over all penalized weights."""
        total = 0.0
        for weight, _, penalty in self._weights:
            if penalty.l1:
                total += penalty.l1 * sum(float(np.abs(part).sum()) for (part,) in blocks(weight))
            if penalty.l2:
                total += penalty.l2 * float(np.vdot(weight, weight))
        return total

    def metrics(self) -> dict[str, float]:
        """Return the value as the metric `penalty`; empty if it is not finite."""
        value = self.value()
        return {"penalty": value} if math.isfinite(value) else {}

    def add_gradients(self) -> None:
        """Add l1 · sign(w) + 2 · l2 · w to each gradient."""
        for weight, gradient, penalty in self._weights:
            for part, gradient_part in blocks(weight, gradient):
                if penalty.l1:
                    np.add(gradient_part, penalty.l1 * np.sign(part), out=gradient_part)
                if penalty.l2:
                    np.add(gradient_part, 2 * penalty.l2 * part, out=gradient_part)

    def apply_max_norm(self) -> None:
        """Rescale the incoming weights of each unit to a norm of at most max_norm.

        A unit is one index of the weights' last axis (Srivastava et al. 2014, section 5.1).
        """
        for weight, _, penalty in self._weights:
            if penalty.max_norm is not None:
                _limit_norms(weight, penalty.max_norm)


def _limit_norms(weight: Floats, limit: float) -> None:
    """Rescale the columns whose norm exceeds the limit."""
    incoming = weight.reshape((-1, weight.shape[-1]), copy=False)
    length = np.sqrt(np.einsum("ij,ij->j", incoming, incoming))
    np.multiply(incoming, limit / np.maximum(length, limit), out=incoming)
