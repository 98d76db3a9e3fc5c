"""How the layers are doing, looked at once an epoch, at its last step."""

from dataclasses import dataclass

import numpy as np

from engine.activations import Relu
from engine.arrays import Floats
from engine.layers.activation import ActivationLayer
from engine.layers.base import walk
from engine.network import Network
from engine.numerics.norms import euclidean_norm, finite_or_none

# So many weights of a layer tell the ratio well enough; a copy of all would cost a vector more.
_SAMPLED = 4096


@dataclass(frozen=True)
class LayerStats:
    """One layer at the end of an epoch. No number in it is NaN or infinite.

    Attributes:
        name: such as `layers.0`.
        gradient_norm: Euclidean length of its gradient in the epoch's last step, after clipping;
            None where it is infinite or NaN, though the weights are finite.
        update_ratio: ‖Δw‖ / ‖w‖ of that step, over at most 4,096 of its weights; about 0.001 is
            healthy. None while all of them are zero, and where it is not finite.
        dead_units: share of its relu units that were zero for every row of that step's batch; None
            without relu.
    """

    name: str
    gradient_norm: float | None
    update_ratio: float | None
    dead_units: float | None


class LayerDiagnostics:
    """Looks at a network before and after a step."""

    def __init__(self, network: Network) -> None:
        self._gradients: dict[str, list[Floats]] = {}
        self._weights: dict[str, Floats] = {}
        parameters = network.named_parameters()
        for name, gradient in network.gradient_views().items():
            layer = name.rpartition(".")[0]
            self._gradients.setdefault(layer, []).append(gradient.reshape(-1))
            # The first of a layer's parameters are its weights.
            self._weights.setdefault(layer, _sample(parameters[name]))
        self._relus = [
            layer
            for layer in walk(iter(network.layers))
            if isinstance(layer, ActivationLayer) and isinstance(layer.activation, Relu)
        ]

    def record_activations(self) -> None:
        """Between forward and backward: which units are silent."""
        self._dead = {layer.name: _share_of_silent(layer.y) for layer in self._relus}

    def record_weights(self) -> None:
        """Before the update: what the weights are."""
        self._before = {name: weights.copy() for name, weights in self._weights.items()}

    def records(self) -> tuple[LayerStats, ...]:
        """After the update: what has become of each layer that is trained."""
        return tuple(
            LayerStats(
                name=name,
                gradient_norm=_norm_of_all(gradients),
                update_ratio=_ratio(self._before[name], self._weights[name]),
                dead_units=self._dead.get(name),
            )
            for name, gradients in self._gradients.items()
        )


def _sample(weights: Floats) -> Floats:
    """A view of at most so many of the weights, evenly spread."""
    flat = weights.reshape(-1)
    return flat[:: -(-len(flat) // _SAMPLED)]


def _norm_of_all(vectors: list[Floats]) -> float | None:
    """Of several vectors as one; None where it is not finite."""
    return finite_or_none(float(np.hypot.reduce([euclidean_norm(vector) for vector in vectors])))


def _ratio(before: Floats, after: Floats) -> float | None:
    length = euclidean_norm(before)
    return finite_or_none(euclidean_norm(after - before) / length) if length else None


def _share_of_silent(y: Floats) -> float:
    """Share of units, the last axis, that let nothing through for any row."""
    active = (y.reshape(-1, y.shape[-1]) > 0).any(axis=0)
    return 1 - float(np.mean(active))
