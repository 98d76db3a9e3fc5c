"""Shapes and parameters of each layer of a resolved network."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.arrays import Shape
from engine.layers.base import Layer, walk
from engine.layers.named_specs import named_specs
from engine.resolution.memory import parameter_count
from engine.specs import ResolvedNetwork


@dataclass(frozen=True)
class LayerSize:
    """Shapes and parameters of a layer.

    Attributes:
        name: name of the layer, such as `layers.0` or `output`.
        type: type of its spec; `dense` for the output.
        in_shape: shape of one row of its input.
        out_shape: shape of one row of its output.
        parameter_count: weights, biases and running statistics; of a block, those of its layers.
    """

    name: str
    type: str
    in_shape: Shape
    out_shape: Shape
    parameter_count: int


def layer_sizes(
    network: ResolvedNetwork, layers: Sequence[Layer], in_features: int
) -> tuple[LayerSize, ...]:
    """Return the sizes of a network's layers in forward order, a block before its layers."""
    built: dict[str, list[Layer]] = {}
    for layer in walk(iter(layers)):
        built.setdefault(layer.name, []).append(layer)
    names = [
        *((name, spec.type) for name, spec in named_specs(network.layers)),
        ("output", "dense"),
    ]
    sizes: list[LayerSize] = []
    for name, kind in names:
        before = sizes[-1].out_shape if sizes else (in_features,)
        # A linear activation alone is not a layer of the built network.
        own = built.get(name, [])
        in_shape, out_shape = (own[0].in_shape, own[-1].out_shape) if own else (before, before)
        sizes.append(LayerSize(name, kind, in_shape, out_shape, parameter_count(own)))
    return tuple(sizes)
