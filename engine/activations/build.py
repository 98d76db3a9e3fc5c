"""Activation factory."""

from typing import Any, assert_never

import numpy as np

from engine import specs
from engine.activations.base import Activation, Linear
from engine.activations.bounded import HardSigmoid, Sigmoid, Softsign, Tanh
from engine.activations.rectifiers import SELU_ALPHA, SELU_SCALE, Elu, LeakyRelu, Relu
from engine.activations.smooth import Exponential, Gelu, GeluTanh, Silu, Softplus
from engine.activations.softmax import Softmax


def build_activation(
    spec: specs.Activation | specs.OutputActivation, dtype: np.dtype[Any]
) -> Activation:
    """Build an activation from its spec, for arrays of the given dtype."""
    match spec:
        case specs.LeakyRelu():
            return LeakyRelu(spec.negative_slope)
        case specs.Elu():
            return Elu(spec.alpha)
        case specs.Gelu():
            return Gelu() if spec.approximate == "none" else GeluTanh()
        case _:
            return _build_named(spec, dtype)


def _build_named(  # noqa: C901, PLR0911, PLR0912 - one case per name
    name: specs.ActivationName | specs.OutputActivation, dtype: np.dtype[Any]
) -> Activation:
    match name:
        case "linear":
            return Linear()
        case "sigmoid":
            return Sigmoid(dtype)
        case "tanh":
            return Tanh(dtype)
        case "relu":
            return Relu(dtype)
        case "leaky_relu":
            return LeakyRelu(specs.LeakyRelu().negative_slope)
        case "elu":
            return Elu(specs.Elu().alpha)
        case "selu":
            return Elu(SELU_ALPHA, SELU_SCALE)
        case "gelu":
            return Gelu()
        case "silu":
            return Silu(dtype)
        case "softplus":
            return Softplus()
        case "softsign":
            return Softsign()
        case "hard_sigmoid":
            return HardSigmoid()
        case "exponential":
            return Exponential()
        case "softmax":
            return Softmax()
        case _:
            assert_never(name)
