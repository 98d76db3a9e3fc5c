"""Activation functions, by name or, if they have parameters, as objects."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import Spec

ActivationName = Literal[
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "softmax",
]


class LeakyRelu(Spec):
    """y = x where x > 0, else negative_slope · x (Maas et al. 2013)."""

    type: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: float = Field(default=0.01, ge=0, lt=1)


class Elu(Spec):
    """y = x where x > 0, else alpha · (exp(x) − 1) (Clevert et al. 2016)."""

    type: Literal["elu"] = "elu"
    alpha: float = Field(default=1.0, gt=0, le=100)


class Gelu(Spec):
    """y = x Φ(x), Φ the normal CDF, exact or by the tanh approximation (Hendrycks 2016)."""

    type: Literal["gelu"] = "gelu"
    approximate: Literal["none", "tanh"] = "none"


ActivationSpec = Annotated[LeakyRelu | Elu | Gelu, Field(discriminator="type")]
Activation = ActivationName | ActivationSpec

# Activations of the output layer: class probabilities, real numbers or positive numbers.
OutputActivation = Literal["softmax", "sigmoid", "linear", "softplus", "exponential"]
# Those whose values are class probabilities rather than scores.
PROBABILITY_ACTIVATIONS: frozenset[OutputActivation] = frozenset({"softmax", "sigmoid"})
