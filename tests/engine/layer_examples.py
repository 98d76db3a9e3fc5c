"""Networks of arbitrary layers, and standalone layers, for layer tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.layers.base import Layer
from engine.network import Network, build_network, initialize_network
from engine.resolution.network import resolve_network
from engine.specs import NetworkSpec, OutputActivation, ResolvedNetwork
from tests.engine.examples import FLOAT64, Matrix, draw

LayerJson = dict[str, Any]


def layers_spec(
    layers: Sequence[LayerJson], units: int = 2, output: OutputActivation = "linear"
) -> ResolvedNetwork:
    spec = NetworkSpec.model_validate({"layers": list(layers)})
    return resolve_network(spec, output, units)


def layers_network(
    layers: Sequence[LayerJson], in_features: int, units: int = 2, seed: int = 0
) -> Network:
    """Build a network whose other parameters are not 0 or 1, so that errors in them show."""
    network = build_network(layers_spec(layers, units), in_features, FLOAT64, seed)
    initialize_network(network, seed)
    for index, (name, view) in enumerate(network.named_parameters().items()):
        if "weight" not in name:
            np.add(view, 0.2 * np.abs(draw(*view.shape, seed=seed + index)), out=view)
    return network


def bound(layer: Layer, rows: int) -> Layer:
    """Bind the layer to random parameters and NaN gradients, and resize it to `rows` rows."""
    shapes = layer.parameter_shapes()
    states = layer.state_shapes()
    layer.bind(
        {name: draw(*shape, seed=3) ** 2 + 0.1 for name, shape in (shapes | states).items()},
        {} if layer.is_frozen else {name: np.full(shape, np.nan) for name, shape in shapes.items()},
    )
    layer.resize(rows)
    return layer


def image(height: int, width: int, channels: int) -> LayerJson:
    """Return a layer that reshapes rows of numbers to images."""
    return {"type": "reshape", "shape": [height, width, channels]}


def drawn_rows(rows: int, in_features: int, seed: int = 0) -> Matrix:
    return np.clip(draw(rows, in_features, seed=seed), -5, 5)
