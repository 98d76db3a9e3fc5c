"""From specs to layers that fit each other; nothing is allocated yet."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.arrays import Shape
from engine.initializers import default_initializer
from engine.layers.base import Layer, Penalty, walk
from engine.layers.build_checks import reject, require_features, require_limits, require_width
from engine.layers.build_context import BuildContext
from engine.layers.build_leaf import build_layer
from engine.layers.copy import with_copies
from engine.layers.dense import Dense
from engine.layers.residual import Residual
from engine.specs import LayerSpec, ResidualSpec, ResolvedNetwork, ResolvedOutput


def build_layers(
    spec: ResolvedNetwork, in_features: int, dtype: np.dtype[Any], seed: int = 0
) -> list[Layer]:
    """The layers of that spec, from inputs `(in_features,)` to logits.

    Args:
        spec: of the network.
        in_features: inputs of a row.
        dtype: of all arrays.
        seed: of what dropout draws.

    Raises:
        SpecError: a layer cannot take the shape that the one before it gives; with its pointer.
    """
    require_limits(spec.layers)
    place = BuildContext("layers", (in_features,), dtype, seed)
    layers = _build_all(spec.layers, place)
    shape = layers[-1].out_shape if layers else (in_features,)
    layers.append(_build_output(spec.output, shape, dtype))
    layers = with_copies(layers, "output", (in_features,), dtype)
    _mark_needed(layers)
    return layers


def _build_all(specs: Sequence[LayerSpec], place: BuildContext) -> list[Layer]:
    """Layers one after the other, the first of them on rows of the place's shape."""
    layers: list[Layer] = []
    for index, spec in enumerate(specs):
        shape = layers[-1].out_shape if layers else place.shape
        layers += _build_one(spec, place.within(str(index), shape))
    return layers


def _build_one(spec: LayerSpec, place: BuildContext) -> list[Layer]:
    """The layer of that spec, and its activation if it has one."""
    if isinstance(spec, ResidualSpec):
        layers: list[Layer] = [_build_residual(spec, place)]
    else:
        layers = build_layer(spec, place)
    for layer in layers:
        require_width(layer)
    return layers


def _build_residual(spec: ResidualSpec, place: BuildContext) -> Residual:
    layers = _build_all(spec.layers, place.within("layers", place.shape))
    shape = layers[-1].out_shape if layers else place.shape
    if shape != place.shape:
        detail = f"a residual block must give the shape it is given, {place.shape}, not {shape}"
        reject(place.name, "wrong_shape", detail)
    return Residual(place.name, place.shape, layers, place.dtype)


def _build_output(spec: ResolvedOutput, shape: Shape, dtype: np.dtype[Any]) -> Dense:
    dense = Dense(
        "output",
        require_features("output", "output", shape),
        spec.units,
        dtype,
        use_bias=spec.use_bias,
        initializer=spec.initializer or default_initializer("linear"),
    )
    dense.is_frozen = spec.frozen
    dense.penalty = Penalty(spec.l1, spec.l2, spec.max_norm)
    return dense


def _mark_needed(layers: Sequence[Layer]) -> None:
    """Tell each layer whether anybody before it is trained."""
    anybody = False
    for layer in walk(iter(layers)):
        layer.needs_dx = anybody
        is_leaf = not any(layer.children())
        anybody |= is_leaf and bool(layer.parameter_shapes()) and not layer.is_frozen
