"""From specs to the objects that compute."""

from typing import Any

import numpy as np

from engine.layers.base import walk
from engine.layers.build import build_layers
from engine.network import Network
from engine.random import Stream, generator
from engine.specs import ResolvedNetwork


def build_network(
    spec: ResolvedNetwork, in_features: int, dtype: np.dtype[Any], seed: int = 0
) -> Network:
    """The network of that spec, with every parameter zero; it ends in logits.

    Raises:
        SpecError: its layers do not fit each other.
    """
    return Network(build_layers(spec, in_features, dtype, seed), dtype)


def initialize_network(network: Network, seed: int) -> None:
    """Draw the weights, each layer from a stream of its own."""
    for index, layer in enumerate(walk(iter(network.layers))):
        layer.initialize(generator(seed, Stream.INITIALIZATION, index))
