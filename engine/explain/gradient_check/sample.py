"""The parameters that a gradient check compares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from engine.arrays import Floats
from engine.layers.base import Layer, walk
from engine.network import Network, count_numbers


@dataclass(frozen=True)
class SampledParameter:
    """A parameter of the sample.

    Attributes:
        layer: its layer.
        name: name of its array.
        position: position in the vector of trained parameters.
        index: position in its array.
    """

    layer: Layer
    name: str
    position: int
    index: tuple[int, ...]

    @property
    def l1(self) -> float:
        """The l1 penalty of the parameter."""
        return self.layer.penalty.l1 if self.name in self.layer.penalized() else 0.0


def layers_with_parameters(network: Network) -> list[Layer]:
    """Return the layers that have parameters of their own, in forward order."""
    return [
        layer
        for layer in walk(iter(network.layers))
        if layer.parameter_shapes() and not any(layer.children())
    ]


def draw_sample(network: Network, per_layer: int, most: int) -> list[SampledParameter]:
    """Draw parameters of every array, always the same ones, and the layers in turn.

    Args:
        network: the network.
        per_layer: most parameters per layer.
        most: most parameters in all; at least one per layer.
    """
    layers = [layer for layer in layers_with_parameters(network) if not layer.is_frozen]
    if not layers:
        return []
    count = max(1, min(per_layer, most // len(layers)))
    views = network.trained_views(np.arange(len(network.trained)))  # type: ignore[arg-type]
    drawn = [list(_draw(layer, views, count)) for layer in layers]
    in_turn = zip_longest(*drawn)
    return [one for group in in_turn for one in group if one is not None]


def _draw(layer: Layer, views: Mapping[str, Floats], count: int) -> Iterator[SampledParameter]:
    """Yield parameters of the layer's arrays in turn."""
    names = list(layer.parameter_shapes())
    random = np.random.default_rng(0)
    counts = _divide(count, [views[name].size for name in names])
    drawn = [
        [(name, int(flat)) for flat in random.permutation(views[name].size)[:share]]
        for name, share in zip(names, counts, strict=True)
    ]
    for group in zip_longest(*drawn):
        for found in group:
            if found is not None:
                name, flat = found
                index = tuple(int(i) for i in np.unravel_index(flat, views[name].shape))
                yield SampledParameter(layer, name, int(views[name][index]), index)


def _divide(count: int, sizes: Sequence[int]) -> list[int]:
    """Divide a count among arrays as equally as their sizes permit, the first ones first."""
    shares = [0] * len(sizes)
    while count > 0 and any(share < size for share, size in zip(shares, sizes, strict=True)):
        for index, size in enumerate(sizes):
            if count > 0 and shares[index] < size:
                shares[index] += 1
                count -= 1
    return shares


def count_parameters(layer: Layer) -> int:
    """Return the number of parameters of a layer, without its states."""
    return count_numbers(layer.parameter_shapes())
