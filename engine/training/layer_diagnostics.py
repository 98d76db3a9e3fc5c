"""Per-layer diagnostics, recorded at the last step of each epoch."""

from dataclasses import dataclass

import numpy as np

from engine.activations import Relu
from engine.arrays import Floats
from engine.layers.activation import ActivationLayer
from engine.layers.base import walk
from engine.network import Network
from engine.numerics.norms import euclidean_norm, finite_or_none

# A sample is enough for the update ratio; copying all weights would cost a parameter vector.
_SAMPLE_SIZE = 4096


@dataclass(frozen=True)
class LayerStats:
    """Diagnostics of one layer at the end of an epoch. All numbers are finite.

    Attributes:
        name: layer name, such as `layers.0`.
        gradient_norm: Euclidean norm of the layer's part of the gradient in the epoch's last step,
            before clipping; None if it is infinite or NaN (the weights may still be finite).
        update_ratio: ‖Δw‖ / ‖w‖ of that step, over at most 4,096 weights; about 0.001 is healthy.
            None if these weights were all zero or the ratio is not finite.
        dead_units: fraction of relu units that were zero for every row of that step's batch; None
            without relu.
    """

    name: str
    gradient_norm: float | None
    update_ratio: float | None
    dead_units: float | None


class LayerDiagnostics:
    """Records activations, gradients and weights of a network around one step."""

    def __init__(self, network: Network) -> None:
        self._gradients: dict[str, list[Floats]] = {}
        self._weights: dict[str, Floats] = {}
        parameters = network.named_parameters()
        for name, gradient in network.gradient_views().items():
            layer = name.rpartition(".")[0]
            self._gradients.setdefault(layer, []).append(gradient.reshape(-1))
            # The first parameter of a layer is its weight.
            self._weights.setdefault(layer, _sample(parameters[name]))
        self._norms: dict[str, float] = {}
        self._relus = [
            layer
            for layer in walk(iter(network.layers))
            if isinstance(layer, ActivationLayer) and isinstance(layer.activation, Relu)
        ]

    def record_activations(self) -> None:
        """Record dead units, between forward and backward."""
        self._dead = {layer.name: _dead_fraction(layer.y) for layer in self._relus}

    def record_gradients(self) -> None:
        """Record the layers' gradient norms and copy the sampled weights.

        To be called between backward and clipping: clipping scales the gradients in place, and an
        optimizer that evaluates the loss, such as L-BFGS, leaves those of another point.
        """
        self._norms = {name: _norm_of_all(parts) for name, parts in self._gradients.items()}
        self._before = {name: weights.copy() for name, weights in self._weights.items()}

    @property
    def gradient_norm(self) -> float | None:
        """Euclidean norm of the recorded gradient: √Σ norm² over the layers; None if not finite."""
        return finite_or_none(float(np.hypot.reduce(list(self._norms.values()), initial=0.0)))

    def layer_stats(self) -> tuple[LayerStats, ...]:
        """Return the diagnostics of each trained layer, after the update."""
        return tuple(
            LayerStats(
                name=name,
                gradient_norm=finite_or_none(norm),
                update_ratio=_ratio(self._before[name], self._weights[name]),
                dead_units=self._dead.get(name),
            )
            for name, norm in self._norms.items()
        )


def _sample(weights: Floats) -> Floats:
    """Return a view of at most _SAMPLE_SIZE weights, evenly spaced."""
    flat = weights.reshape(-1)
    return flat[:: -(-len(flat) // _SAMPLE_SIZE)]


def _norm_of_all(vectors: list[Floats]) -> float:
    """Return the Euclidean norm of the concatenated vectors; it may be infinite or NaN."""
    return float(np.hypot.reduce([euclidean_norm(vector) for vector in vectors]))


def _ratio(before: Floats, after: Floats) -> float | None:
    length = euclidean_norm(before)
    return finite_or_none(euclidean_norm(after - before) / length) if length else None


def _dead_fraction(y: Floats) -> float:
    """Return the fraction of units (last axis) that are zero for every row."""
    active = (y.reshape(-1, y.shape[-1]) > 0).any(axis=0)
    return 1 - float(np.mean(active))
