"""Layers, the output, and the network they make."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import MAX_LAYERS, MAX_UNITS, Items, Spec
from engine.specs.initializers import InitializerField

Activation = Literal["linear", "sigmoid", "tanh", "relu"]
OutputActivation = Literal["softmax", "sigmoid", "linear"]


class DenseSpec(Spec):
    """Dense layer: y = activation(x W + b)."""

    type: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=MAX_UNITS)
    activation: Activation = "relu"
    use_bias: bool = True
    initializer: InitializerField | None = Field(
        default=None, description="Default: he_normal for relu, glorot_uniform otherwise."
    )


# One kind of layer today; the discriminator keeps the wire format open for more.
LayerSpec = Annotated[DenseSpec, Field()]


class OutputSpec(Spec):
    """The last dense layer."""

    units: int | None = Field(
        default=None, ge=1, le=MAX_UNITS, description="Follows from the target; checked if given."
    )
    activation: OutputActivation | None = Field(
        default=None,
        description="Default: softmax for classes, sigmoid for two classes, linear for numbers.",
    )
    use_bias: bool = True
    initializer: InitializerField | None = Field(
        default=None, description="Default: glorot_uniform."
    )


class NetworkSpec(Spec):
    """Hidden layers from input to output, then the output layer."""

    layers: Items[LayerSpec] = Field(default=(DenseSpec(units=64),), max_length=MAX_LAYERS)
    output: OutputSpec = OutputSpec()


class ResolvedDense(DenseSpec):
    """A dense layer with its initializer chosen."""

    initializer: InitializerField


class ResolvedOutput(OutputSpec):
    """The output layer with its activation, units and initializer chosen."""

    activation: OutputActivation
    units: int = Field(ge=1, le=MAX_UNITS)
    initializer: InitializerField


class ResolvedNetwork(NetworkSpec):
    """A network with nothing left to choose."""

    layers: Items[ResolvedDense]
    output: ResolvedOutput
