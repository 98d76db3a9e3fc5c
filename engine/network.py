"""A network: layers in a row over one flat vector of parameters and one of gradients."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Floats
from engine.layers.base import Layer


class Network:
    """Layers from input to logits.

    Attributes:
        parameters: all parameters, shape `(parameter_count,)`; every layer's are views into it.
        gradients: the gradient of the loss for each of them, same order; filled by `backward`.
    """

    def __init__(self, layers: Sequence[Layer], dtype: np.dtype[Any]) -> None:
        self.layers = tuple(layers)
        count = sum(
            math.prod(shape) for layer in layers for shape in layer.parameter_shapes().values()
        )
        self.parameters: Floats = np.zeros(count, dtype)
        self.gradients: Floats = np.zeros(count, dtype)
        self._rows = -1
        self._bind()

    def _bind(self) -> None:
        """Hand every layer its views of both flat vectors."""
        parameters, gradients = self.views(self.parameters), self.views(self.gradients)
        for layer in self.layers:
            names = layer.parameter_shapes()
            layer.bind(
                {name: parameters[f"{layer.name}.{name}"] for name in names},
                {name: gradients[f"{layer.name}.{name}"] for name in names},
            )

    def views(self, vector: Floats) -> dict[str, Floats]:
        """Views of a flat vector laid out as `parameters`: `layers.0.weight`, …, `output.bias`."""
        views, start = {}, 0
        for layer in self.layers:
            for name, shape in layer.parameter_shapes().items():
                stop = start + math.prod(shape)
                views[f"{layer.name}.{name}"] = vector[start:stop].reshape(shape)
                start = stop
        return views

    def named_parameters(self) -> dict[str, Floats]:
        """Views of the parameters by name."""
        return self.views(self.parameters)

    def load(self, weights: Mapping[str, Floats]) -> None:
        """Copy parameters in by name.

        Raises:
            ValueError: names or shapes are not those of `named_parameters`.
        """
        views = self.named_parameters()
        expected = {name: view.shape for name, view in views.items()}
        given = {name: array.shape for name, array in weights.items()}
        if given != expected:
            message = f"weights have shapes {given}, the network needs {expected}"
            raise ValueError(message)
        for name, view in views.items():
            view[...] = weights[name]

    def forward(self, x: Floats) -> Floats:
        """From inputs `(batch, in_features)` to logits `(batch, out_features)`."""
        if len(x) != self._rows:
            self._resize(len(x))
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy: Floats) -> None:
        """From the logits' gradient `(batch, out_features)` to `gradients`."""
        for layer in reversed(self.layers):
            dy = layer.backward(dy)

    def _resize(self, rows: int) -> None:
        for layer in self.layers:
            layer.resize(rows)
        self._rows = rows

    def diverging_layer(self, x: Floats) -> str:
        """Name of the first layer with a parameter, or else an output, that is not finite."""
        for name, view in self.named_parameters().items():
            if not np.isfinite(view).all():
                return name.rpartition(".")[0]
        if len(x) != self._rows:
            self._resize(len(x))
        for layer in self.layers:
            x = layer.forward(x)
            if not np.isfinite(x).all():
                return layer.name
        return "output"

    def is_finite(self) -> bool:
        """Whether every parameter is a finite number."""
        # The sum of squares tells in one fast pass, unless it overflows by itself.
        square = float(np.dot(self.parameters, self.parameters))
        return math.isfinite(square) or bool(np.isfinite(self.parameters).all())
