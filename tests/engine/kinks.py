"""How near a network comes to where it has no derivative: there, differences tell nothing."""

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
    """The least distance of what goes into a kinked layer from its kink."""
    network.forward(x.copy())
    distances = [np.inf]
    for layer in network.layers:
        x = _through(layer, x, distances)
    return min(distances)


def distance_to_l1_kink(network: Network) -> float:
    """The least size of a weight with an l1 penalty; at 0 itself differences and sign agree."""
    named = network.named_parameters()
    weights = [
        np.abs(named[name])
        for layer in walk(iter(network.layers))
        if layer.penalty.l1
        for name in layer.penalized()
    ]
    return min((float(w[w > 0].min(initial=np.inf)) for w in weights), default=np.inf)


def _through(layer: Layer, x: Floats, distances: list[float]) -> Floats:
    if isinstance(layer, Residual):
        y = x
        for inner in layer.children():
            y = _through(inner, y, distances)
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
            return _least_lead(layer, x)
        case _:
            return np.inf


def _least_lead(layer: MaxPooling2d, x: Floats) -> float:
    """By how much the largest value of a window is larger than its next."""
    rows, columns = layer._windows
    windows = sliding_window_view(x, (rows.length, columns.length), (1, 2))
    windows = windows[:, :: rows.stride, :: columns.stride]
    values = np.sort(windows.reshape(-1, rows.length * columns.length), axis=1)
    return float(np.diff(values, axis=1)[:, -1:].min(initial=np.inf))
