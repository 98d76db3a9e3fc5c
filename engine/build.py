"""From specs to the objects that compute."""

from typing import Any, assert_never

import numpy as np

from engine.activations import build_activation
from engine.initializers import initialize
from engine.layers.activation import ActivationLayer
from engine.layers.base import Layer
from engine.layers.dense import Dense
from engine.losses.base import Loss
from engine.losses.binary_cross_entropy import SigmoidBinaryCrossEntropy
from engine.losses.cross_entropy import SoftmaxCrossEntropy
from engine.losses.squared_error import HalfSquaredError as HalfSquaredErrorLoss
from engine.losses.squared_error import MeanSquaredError as MeanSquaredErrorLoss
from engine.network import Network
from engine.optimizers.adam import AdamOptimizer
from engine.optimizers.base import Optimizer
from engine.optimizers.sgd import MomentumOptimizer, SgdOptimizer
from engine.random import Stream, generator
from engine.specs import (
    Adam,
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    LossSpec,
    MeanSquaredError,
    OptimizerSpec,
    ResolvedDense,
    ResolvedNetwork,
    ResolvedOutput,
    Sgd,
)


def build_network(spec: ResolvedNetwork, in_features: int, dtype: np.dtype[Any]) -> Network:
    """The network of that spec, with every parameter zero; it ends in logits."""
    layers: list[Layer] = []
    width = in_features
    for index, layer in enumerate(spec.layers):
        name = f"layers.{index}"
        layers.append(_build_dense(name, layer, width, dtype, is_first=not layers))
        if layer.activation != "linear":
            layers.append(ActivationLayer(name, build_activation(layer.activation, dtype)))
        width = layer.units
    layers.append(_build_dense("output", spec.output, width, dtype, is_first=not layers))
    return Network(layers, dtype)


def _build_dense(
    name: str,
    spec: ResolvedDense | ResolvedOutput,
    in_features: int,
    dtype: np.dtype[Any],
    *,
    is_first: bool,
) -> Dense:
    bias = spec.use_bias
    return Dense(name, in_features, spec.units, use_bias=bias, is_first=is_first, dtype=dtype)


def initialize_network(network: Network, spec: ResolvedNetwork, seed: int) -> None:
    """Draw the weights, each layer from a stream of its own; biases stay zero."""
    named = network.named_parameters()
    initializers = {f"layers.{i}": layer.initializer for i, layer in enumerate(spec.layers)}
    initializers["output"] = spec.output.initializer
    for index, (name, initializer) in enumerate(initializers.items()):
        weight = named[f"{name}.weight"]
        in_features, units = weight.shape
        random = generator(seed, Stream.INITIALIZATION, index)
        weight[...] = initialize(initializer, in_features, units, random)


def build_loss(spec: LossSpec, output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    """The loss of that spec, fused with the output's activation."""
    match spec:
        case CrossEntropy():
            return SoftmaxCrossEntropy(output.units, dtype)
        case BinaryCrossEntropy():
            return SigmoidBinaryCrossEntropy(output.units, dtype)
        case MeanSquaredError():
            activation = build_activation(output.activation, dtype)
            return MeanSquaredErrorLoss(output.units, activation, dtype)
        case HalfSquaredError():
            activation = build_activation(output.activation, dtype)
            return HalfSquaredErrorLoss(output.units, activation, dtype)
        case _:
            assert_never(spec)


def build_optimizer(spec: OptimizerSpec, network: Network) -> Optimizer:
    """The optimizer of that spec, over the network's flat vectors."""
    match spec:
        case Sgd(momentum=0.0):
            return SgdOptimizer(network.parameters, network.gradients)
        case Sgd():
            return MomentumOptimizer(network.parameters, network.gradients, spec.momentum)
        case Adam():
            return AdamOptimizer(spec, network.parameters, network.gradients)
        case _:
            assert_never(spec)
