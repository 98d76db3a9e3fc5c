"""Per-layer diagnostics, recorded at the last step of each epoch."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.activations import Activation, Relu
from engine.arrays import Floats
from engine.layers.activation import ActivationLayer
from engine.layers.base import walk
from engine.network import Network
from engine.numerics.blocks import blocks
from engine.numerics.norms import euclidean_norm, finite_or_none

# A sample is enough for the update ratio; copying all weights would cost a parameter vector.
_SAMPLE_SIZE = 4096


@dataclass(frozen=True)
class LayerStats:
    """Diagnostics of one layer at the end of an epoch. All numbers are finite.

    Attributes:
        name: layer name, such as `layers.0`.
        gradient_norm: Euclidean norm of the layer's part of the gradient in the epoch's last step,
            before clipping; None if it is infinite or NaN (the weights may still be finite), and
            for a layer without trained weights.
        update_ratio: ‖Δw‖ / ‖w‖ of that step, over at most 4,096 weights; about 0.001 is healthy.
            None if these weights were all zero or the ratio is not finite, and without them.
        dead_units: fraction of relu units that were zero for every row of that step's batch; None
            without relu.
        saturated_units: fraction of the outputs of a sigmoid, hard_sigmoid, tanh or softsign in
            that step's batch whose slope is at most 5 % of the function's largest; None without.
    """

    name: str
    gradient_norm: float | None
    update_ratio: float | None
    dead_units: float | None
    saturated_units: float | None = None


@dataclass
class _Share:
    """The share of values that were counted."""

    counted: int = 0
    total: int = 0

    def add(self, counted: int, total: int) -> None:
        """Add values, of which some are counted."""
        self.counted += counted
        self.total += total

    @property
    def value(self) -> float:
        """The share."""
        return self.counted / self.total


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
        layers = list(walk(iter(network.layers)))
        activations = [layer for layer in layers if isinstance(layer, ActivationLayer)]
        self._relus = [layer for layer in activations if isinstance(layer.activation, Relu)]
        self._bounded = [
            (layer, layer.activation.saturation)
            for layer in activations
            if layer.activation.saturation is not None
        ]
        measured = {layer.name for layer in activations if _is_measured(layer.activation)}
        names = dict.fromkeys(layer.name for layer in layers)
        self._names = [name for name in names if name in self._gradients or name in measured]

    def record_activations(self, *, is_first: bool = True) -> None:
        """Record dead and saturated units, between forward and backward.

        Args:
            is_first: whether the batch begins here; otherwise its next chunk is added.
        """
        if is_first:
            self._active: dict[str, NDArray[np.bool_]] = {}
            self._saturated = {layer.name: _Share() for layer, _ in self._bounded}
        for layer in self._relus:
            positive = layer.y.reshape(-1, layer.y.shape[-1]) > 0
            active: NDArray[np.bool_] = np.logical_or.reduce(positive, axis=0)
            if layer.name in self._active:
                np.logical_or(active, self._active[layer.name], out=active)
            self._active[layer.name] = active
        for layer, bounds in self._bounded:
            self._saturated[layer.name].add(_count_saturated(layer.y, *bounds), layer.y.size)

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
        """Return the diagnostics after the update, first layer to last.

        They are those of each layer that is trained, or has units that can die or saturate.
        """
        return tuple(
            LayerStats(
                name=name,
                gradient_norm=finite_or_none(self._norms.get(name, math.nan)),
                update_ratio=self._update_ratio(name),
                dead_units=self._dead_units(name),
                saturated_units=self._saturated[name].value if name in self._saturated else None,
            )
            for name in self._names
        )

    def _dead_units(self, name: str) -> float | None:
        active = self._active.get(name)
        return None if active is None else 1 - float(np.mean(active))

    def _update_ratio(self, name: str) -> float | None:
        before = self._before.get(name)
        return None if before is None else _ratio(before, self._weights[name])


def _is_measured(activation: Activation) -> bool:
    """Whether units with this activation can be dead or saturated."""
    return isinstance(activation, Relu) or activation.saturation is not None


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


def _count_saturated(y: Floats, center: float, distance: float) -> int:
    """Return the number of values at least that far from the center."""
    found = 0
    for (part,) in blocks(y):
        found += int(np.count_nonzero(np.abs(part - center) >= distance))
    return found
