"""Build the layers of a network from their specs, without allocating memory."""

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
    """Build the layers of a network, from inputs `(in_features,)` to logits.

    Args:
        spec: the network.
        in_features: number of inputs per row.
        dtype: dtype of all arrays.
        seed: seed of the dropout masks.

    Raises:
        SpecError: a layer cannot take the output shape of the previous layer; with its pointer.
    """
    require_limits(spec.layers)
    context = BuildContext("layers", (in_features,), dtype, seed)
    layers = _build_all(spec.layers, context)
    shape = layers[-1].out_shape if layers else (in_features,)
    layers.append(_build_output(spec.output, shape, dtype))
    layers = with_copies(layers, "output", (in_features,), dtype)
    _set_needs_dx(layers)
    return layers


def _build_all(specs: Sequence[LayerSpec], context: BuildContext) -> list[Layer]:
    """Build consecutive layers; the first takes rows of the context's shape."""
    layers: list[Layer] = []
    for index, spec in enumerate(specs):
        shape = layers[-1].out_shape if layers else context.shape
        layers += _build_one(spec, context.within(str(index), shape))
    return layers


def _build_one(spec: LayerSpec, context: BuildContext) -> list[Layer]:
    """Build a layer, followed by its activation if it has one."""
    if isinstance(spec, ResidualSpec):
        layers: list[Layer] = [_build_residual(spec, context)]
    else:
        layers = build_layer(spec, context)
    for layer in layers:
        require_width(layer)
    return layers


def _build_residual(spec: ResidualSpec, context: BuildContext) -> Residual:
    layers = _build_all(spec.layers, context.within("layers", context.shape))
    shape = layers[-1].out_shape if layers else context.shape
    if shape != context.shape:
        detail = (
            f"a residual block must preserve its input shape {context.shape}, its output is {shape}"
        )
        reject(context.name, "wrong_shape", detail)
    return Residual(context.name, context.shape, layers, context.dtype)


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


def _set_needs_dx(layers: Sequence[Layer]) -> None:
    """Set `needs_dx` on each layer that has a trained layer before it."""
    has_trained = False
    for layer in walk(iter(layers)):
        layer.needs_dx = has_trained
        is_leaf = not any(layer.children())
        has_trained |= is_leaf and bool(layer.parameter_shapes()) and not layer.is_frozen
