"""Activation functions: in-place forward and backward passes."""

from engine.activations.base import Activation, Linear
from engine.activations.bounded import HardSigmoid, Sigmoid, Softsign, Tanh
from engine.activations.build import build_activation
from engine.activations.rectifiers import Elu, LeakyRelu, Relu
from engine.activations.smooth import Exponential, Gelu, GeluTanh, Silu, Softplus
from engine.activations.softmax import Softmax

__all__ = [
    "Activation",
    "Elu",
    "Exponential",
    "Gelu",
    "GeluTanh",
    "HardSigmoid",
    "LeakyRelu",
    "Linear",
    "Relu",
    "Sigmoid",
    "Silu",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "build_activation",
]
