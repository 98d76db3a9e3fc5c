"""Copies of layers whose own forward and backward passes count terms."""

import copy
from collections.abc import Mapping

import numpy as np

from engine.arrays import Floats
from engine.layers.base import Layer


class Probe:
    """A copy of a layer with other parameters, for `rows` rows.

    The copy shares the layer's workspace: what the layer's latest passes left there is overwritten.
    Methods are those of its class, since hooks on the layer's own would call the layer itself.

    Args:
        layer: the layer; its parameters and their gradients stay as they are.
        parameters: the copy's parameters and states by full name.
        rows: number of rows.
    """

    def __init__(self, layer: Layer, parameters: Mapping[str, Floats], rows: int) -> None:
        self._layer, self._kind = copy.copy(layer), type(layer)
        names = layer.parameter_shapes() if not layer.is_frozen else ()
        self.gradients = {name: np.zeros_like(parameters[name]) for name in names}
        self._layer.bind(parameters, self.gradients)
        self._layer.resize(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y, in memory of its own; x is not changed."""
        with np.errstate(all="ignore"):
            return self._kind.forward(self._layer, x.copy()).copy()

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x of the latest `forward`, in memory of its own, and write the gradients."""
        with np.errstate(all="ignore"):
            return self._kind.backward(self._layer, dy.copy()).copy()

    def gradients_of(self, x: Floats, dy: Floats) -> dict[str, Floats]:
        """Return copies of the gradients for inputs x and ∂y."""
        self.forward(x)
        self.backward(dy)
        return {name: gradient.copy() for name, gradient in self.gradients.items()}


def indicators(parameters: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return 1 for each parameter that is not 0, and 0 for the others and for all biases."""
    return {
        name: np.zeros_like(array) if name.endswith(".bias") else (array != 0).astype(array.dtype)
        for name, array in parameters.items()
    }


def magnitudes(parameters: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return |w| of each parameter, and 0 for biases."""
    return {
        name: np.zeros_like(array) if name.endswith(".bias") else np.abs(array)
        for name, array in parameters.items()
    }
