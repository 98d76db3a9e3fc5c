"""A dense network of our own: forward, backward and one step of plain gradient descent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Json = dict[str, Any]
# f and f′ by the names of the API.
FUNCTIONS: Mapping[str | None, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    None: (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
}


@dataclass(frozen=True)
class Weights:
    """Weights `(inputs, units)` and biases of one layer, and the name of its activation."""

    w: Array
    b: Array
    activation: str | None


@dataclass(frozen=True)
class LayerValues:
    """Values of one layer per row; the gradients are summed over the rows."""

    x: Array
    z: Array
    a: Array
    a_gradient: Array | None
    delta: Array
    w_gradient: Array
    b_gradient: Array


def read_weights(explanation: Json) -> list[Weights]:
    """The weights before a step, from the edges of an answer that shows all of them."""
    layers = []
    for layer in explanation["layers"]:
        w = np.full((layer["in_shape"][0], layer["unit_count"]), np.nan)
        for unit in layer["units"]:
            for edge in unit["edges"]:
                w[edge["source"][0], unit["unit"]] = edge["weight"]
        b = np.array([unit["bias"]["before"] for unit in layer["units"]])
        assert not np.isnan(w).any()
        layers.append(Weights(w, b, layer["activation"]))
    return layers


def predict(layers: list[Weights], x: Array) -> list[tuple[Array, Array]]:
    """z and a of each layer."""
    found = []
    for layer in layers:
        z = x @ layer.w + layer.b
        if layer.activation == "softmax":
            e = np.exp(z - z.max(axis=1, keepdims=True))
            x = e / e.sum(axis=1, keepdims=True)
        else:
            x = FUNCTIONS[layer.activation][0](z)
        found.append((z, x))
    return found


def loss_of(kind: str, a: Array, y: Array) -> float:
    """The mean loss of the rows; y has a column per output."""
    match kind:
        case "cross_entropy":
            return float(-np.log((a * y).sum(axis=1)).mean())
        case "binary_cross_entropy":
            return float(-np.log(np.where(y == 1, a, 1 - a)).mean())
        case _:
            return float(((a - y) ** 2).mean())


def backpropagate(layers: list[Weights], x: Array, y: Array, kind: str) -> list[LayerValues]:
    """Every value of a step. δ of the outputs is a − y for losses fused with their activation."""
    values = predict(layers, x)
    a = values[-1][1]
    is_fused = kind != "mean_squared_error"
    a_gradient = None if is_fused else 2 * (a - y) / a.size
    delta = (a - y) / len(x) if a_gradient is None else a_gradient
    found: list[LayerValues] = []
    for index in reversed(range(len(layers))):
        z, a = values[index]
        below = values[index - 1][1] if index else x
        found.insert(
            0, LayerValues(below, z, a, a_gradient, delta, below.T @ delta, delta.sum(axis=0))
        )
        if index:
            a_gradient = delta @ layers[index].w.T
            delta = a_gradient * FUNCTIONS[layers[index - 1].activation][1](values[index - 1][0])
    return found


def descend(layers: list[Weights], values: list[LayerValues], rate: float) -> list[Weights]:
    """The weights after a step of plain gradient descent."""
    return [
        Weights(one.w - rate * of.w_gradient, one.b - rate * of.b_gradient, one.activation)
        for one, of in zip(layers, values, strict=True)
    ]
