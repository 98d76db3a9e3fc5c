"""Distance of a network from its non-differentiable points, where finite differences fail."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.activations import Elu, HardSigmoid, LeakyRelu, Relu
from engine.arrays import Floats
from engine.layers.activation import ActivationLayer
from engine.layers.base import Layer, walk
from engine.layers.pooling import MaxPooling2d
from engine.layers.residual import Residual
from engine.network import Network


def distance_to_kinks(network: Network, x: Floats) -> float:
    """Return the minimum distance of the inputs of non-smooth layers from their kinks."""
    network.forward(x.copy())
    distances = [np.inf]
    for layer in network.layers:
        x = _forward(layer, x, distances)
    return min(distances)


def distance_to_l1_kink(network: Network) -> float:
    """Return the smallest nonzero |w| with an l1 penalty; at exactly 0 both gradients agree."""
    named = network.named_parameters()
    weights = [
        np.abs(named[name])
        for layer in walk(iter(network.layers))
        if layer.penalty.l1
        for name in layer.penalized()
    ]
    return min((float(w[w > 0].min(initial=np.inf)) for w in weights), default=np.inf)


def _forward(layer: Layer, x: Floats, distances: list[float]) -> Floats:
    if isinstance(layer, Residual):
        y = x
        for inner in layer.children():
            y = _forward(inner, y, distances)
        return x + y
    distances.append(_distance(layer, x))
    return layer.forward(x.copy()).copy()


def _distance(layer: Layer, x: Floats) -> float:
    match layer:
        case ActivationLayer(activation=Relu() | LeakyRelu() | Elu()):
            return float(np.abs(x).min())
        case ActivationLayer(activation=HardSigmoid()):
            return float(np.abs(np.abs(x) - 3).min())
        case MaxPooling2d():
            return _smallest_gap(layer, x)
        case _:
            return np.inf


def _smallest_gap(layer: MaxPooling2d, x: Floats) -> float:
    """Return the minimum gap between the two largest values of a window."""
    rows, columns = layer.windows
    windows = sliding_window_view(x, (rows.length, columns.length), (1, 2))
    windows = windows[:, :: rows.stride, :: columns.stride]
    values = np.sort(windows.reshape(-1, rows.length * columns.length), axis=1)
    return float(np.diff(values, axis=1)[:, -1:].min(initial=np.inf))
