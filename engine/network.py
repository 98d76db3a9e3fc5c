"""Sequential network over one flat vector of parameters and one of gradients."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Floats, Shape
from engine.layers.base import Layer, walk
from engine.layers.build import build_layers
from engine.layers.chain import Chain
from engine.layers.chunks import split_rows
from engine.random import Stream, generator
from engine.specs import ResolvedNetwork


class Network:
    """Layers from input to logits.

    Attributes:
        layers: the layers, first to last.
        parameters: all parameters, shape `(parameter_count,)`; layers hold views into it.
            Trained parameters come first, then frozen ones and states such as running means.
        trained: view of the trained part of `parameters`.
        gradients: gradient of the loss with respect to `trained`, written by `backward`.
    """

    def __init__(self, layers: Sequence[Layer], dtype: np.dtype[Any]) -> None:
        self.layers = tuple(layers)
        self._chain = Chain("", layers[0].in_shape, layers)
        leaves = [layer for layer in walk(iter(layers)) if not any(layer.children())]
        self._trained = _merged(leaf.parameter_shapes() for leaf in leaves if not leaf.is_frozen)
        frozen = _merged(leaf.parameter_shapes() for leaf in leaves if leaf.is_frozen)
        self._fixed = frozen | _merged(leaf.state_shapes() for leaf in leaves)
        trained_count = count_numbers(self._trained)
        self.parameters: Floats = np.zeros(trained_count + count_numbers(self._fixed), dtype)
        self.trained = self.parameters[:trained_count]
        self.gradients: Floats = np.zeros(trained_count, dtype)
        self._random_layers = [
            leaf for leaf in leaves if type(leaf).begin_step is not Layer.begin_step
        ]
        self._states = [name for leaf in leaves for name in leaf.state_shapes()]
        nested = (layer for layer in walk(iter(layers)) if isinstance(layer, Chain))
        self._chains = [self._chain, *nested]
        self._rows = -1
        self._most_rows = 0
        self._chain.bind(self.views(self.parameters), self.gradient_views())

    def views(self, vector: Floats) -> dict[str, Floats]:
        """Return views of a vector laid out as `parameters`, by name such as `layers.0.weight`."""
        return _views(vector, self._trained | self._fixed)

    def gradient_views(self) -> dict[str, Floats]:
        """Return views of the gradients by parameter name."""
        return self.trained_views(self.gradients)

    def trained_views(self, vector: Floats) -> dict[str, Floats]:
        """Return views of a vector laid out as `gradients`, by parameter name."""
        return _views(vector, self._trained)

    def copy_states(self) -> dict[str, Floats]:
        """Return copies of the states that a forward pass updates, such as running means."""
        if not self._states:
            return {}
        views = self.named_parameters()
        return {name: views[name].copy() for name in self._states}

    def load_states(self, states: Mapping[str, Floats]) -> None:
        """Write states of `copy_states` back."""
        views = self.named_parameters() if states else {}
        for name, state in states.items():
            np.copyto(views[name], state)

    def named_parameters(self) -> dict[str, Floats]:
        """Return views of the parameters by name."""
        return self.views(self.parameters)

    def load(self, weights: Mapping[str, Floats]) -> None:
        """Copy weights into the parameters by name.

        Raises:
            ValueError: names or shapes differ from those of `named_parameters`.
        """
        views = self.named_parameters()
        expected = {name: view.shape for name, view in views.items()}
        actual = {name: array.shape for name, array in weights.items()}
        if actual != expected:
            message = f"weights have shapes {actual}, the network needs {expected}"
            raise ValueError(message)
        for name, view in views.items():
            view[...] = weights[name]

    def share_parameters(self, other: "Network") -> None:
        """Use the parameters of a network with the same layers, without a copy of them."""
        self.parameters = other.parameters
        self.trained = other.trained
        self._chain.bind(self.views(self.parameters), self.gradient_views())

    @property
    def nbytes(self) -> int:
        """Bytes of parameters, gradients and workspaces, these for the largest batch so far."""
        return self.bytes_for(self._most_rows)

    def bytes_for(self, rows: int) -> int:
        """Return the bytes of parameters, gradients and workspaces for batches of `rows` rows."""
        workspace = self._chain.workspace(rows) * self.parameters.itemsize
        return self.parameters.nbytes + self.gradients.nbytes + workspace

    def reserve(self, rows: int) -> None:
        """Allocate the workspaces for the largest batch; smaller batches use views of them."""
        self._resize(rows)

    def release(self) -> None:
        """Free the workspaces after predictions; the next batch allocates them again."""
        self._resize(0)
        self._most_rows = 0
        # Layers keep views of their last inputs; an empty batch replaces them and frees the memory.
        self._chain.predict(np.empty((0, *self._chain.in_shape), self.parameters.dtype))

    def begin_step(self, step: int, chunk: int = 0) -> None:
        """Start a chunk of training step `step`, counted from 0 over the whole training."""
        for layer in self._random_layers:
            layer.begin_step(step, chunk)

    def check_between_layers(self, check: Callable[[], None] | None) -> None:
        """Call `check` after each layer's `forward` and `backward`; None: no more."""
        for chain in self._chains:
            chain.check = check

    def forward(self, x: Floats) -> Floats:
        """Map inputs `(batch, in_features)` to logits `(batch, out_features)` in training mode."""
        self._resize(len(x))
        return self._chain.forward(x)

    def predict(self, x: Floats) -> Floats:
        """Map inputs to logits in inference mode: no dropout, running statistics."""
        self._resize(len(x))
        return self._chain.predict(x)

    def predict_layers(self, x: Floats, names: Collection[str]) -> tuple[Floats, dict[str, Floats]]:
        """Return `predict(x)`, and a copy of each named layer's output with its activation."""
        self._resize(len(x))
        found: dict[str, Floats] = {}

        def observe(name: str, y: Floats) -> None:
            # A layer's activation has its name and follows it.
            if name in names:
                found[name] = y.copy()

        return self._chain.predict_observed(x, observe), found

    def layer_shapes(self) -> dict[str, Shape]:
        """Return the shape of one row of each layer's output, by names such as `layers.0`."""
        return {layer.name: layer.out_shape for layer in walk(iter(self.layers))}

    def backward(self, dy: Floats) -> None:
        """Backpropagate ∂L/∂logits `(batch, out_features)` into `gradients`."""
        self._chain.backward(dy)

    def _resize(self, rows: int) -> None:
        if rows != self._rows:
            self._chain.resize(rows)
            self._rows = rows
            self._most_rows = max(self._most_rows, rows)

    def diverging_layer(self, x: Floats, rows_at_once: int | None = None) -> str:
        """Return the name of the first layer with a non-finite parameter, or else output.

        Args:
            x: the inputs.
            rows_at_once: rows that pass through the network together; None for all.
        """
        for name, view in self.named_parameters().items():
            if not np.isfinite(view).all():
                return name.rpartition(".")[0]
        first = len(self.layers)
        for rows in split_rows(len(x), rows_at_once):
            first = min(first, self._first_diverging(x[rows]))
        return "output" if first == len(self.layers) else self.layers[first].name

    def _first_diverging(self, x: Floats) -> int:
        """Return the index of the first layer with a non-finite output, or their number."""
        self._resize(len(x))
        x = x.copy()
        for index, layer in enumerate(self.layers):
            x = layer.predict(x)
            if not np.isfinite(x).all():
                return index
        return len(self.layers)

    def is_finite(self) -> bool:
        """Return whether every parameter is finite."""
        # A finite sum of squares proves it in one fast pass; it may also overflow by itself.
        square = float(np.dot(self.parameters, self.parameters))
        return math.isfinite(square) or bool(np.isfinite(self.parameters).all())


def count_numbers(shapes: Mapping[str, Shape]) -> int:
    """Return the total number of elements of arrays with these shapes."""
    return sum(math.prod(shape) for shape in shapes.values())


def _merged(shapes: Iterable[Mapping[str, Shape]]) -> dict[str, Shape]:
    return {name: shape for mapping in shapes for name, shape in mapping.items()}


def _views(vector: Floats, shapes: Mapping[str, Shape]) -> dict[str, Floats]:
    views, start = {}, 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        views[name] = vector[start:stop].reshape(shape)
        start = stop
    return views


def build_network(
    spec: ResolvedNetwork, in_features: int, dtype: np.dtype[Any], seed: int = 0
) -> Network:
    """Build a network from its spec, with all parameters zero; its outputs are logits.

    Raises:
        SpecError: the shapes of consecutive layers do not match.
    """
    return Network(build_layers(spec, in_features, dtype, seed), dtype)


def initialize_network(network: Network, seed: int) -> None:
    """Initialize the weights, each layer from its own random stream."""
    for index, layer in enumerate(walk(iter(network.layers))):
        layer.initialize(generator(seed, Stream.INITIALIZATION, index))
