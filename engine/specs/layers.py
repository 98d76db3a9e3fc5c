"""Layers, the output, and the network they make.

A row's values have a shape: `(features,)` in the beginning, `(height, width, channels)` for images.
"""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.activations import Activation, OutputActivation
from engine.specs.base import MAX_FEATURES, MAX_LAYERS, MAX_UNITS, Items, Spec
from engine.specs.initializers import InitializerField

Side = Annotated[int, Field(ge=1, le=1024)]
Sides = Side | Annotated[Items[Side], Field(min_length=2, max_length=2)]


class WeightsSpec(Spec):
    """What every layer with a weight matrix can be told of it; biases are never penalized."""

    use_bias: bool = True
    initializer: InitializerField | None = Field(
        default=None,
        description="Default: he_normal before relu and its like, else glorot_uniform.",
    )
    l1: float = Field(
        default=0.0, ge=0, le=1000, description="Adds l1 · Σ |w| to what is made small."
    )
    l2: float = Field(
        default=0.0, ge=0, le=1000, description="Adds l2 · Σ w² to what is made small."
    )
    max_norm: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="After each step, the weights into a unit are scaled down to this length.",
    )
    frozen: bool = Field(default=False, description="Its weights stay as they are.")


class DenseSpec(WeightsSpec):
    """y = activation(x W + b), on rows of shape (in_features,)."""

    type: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=MAX_UNITS)
    activation: Activation = "relu"


class Conv2dSpec(WeightsSpec):
    """y[i, j, f] = activation(Σ x[i·stride + u, j·stride + v, c] W[u, v, c, f] + b[f]).

    On rows of shape (height, width, channels); cross-correlation, as everywhere in the field.
    """

    type: Literal["conv2d"] = "conv2d"
    filters: int = Field(ge=1, le=MAX_UNITS)
    kernel_size: Sides = 3
    stride: Sides = 1
    padding: Literal["valid", "same"] = Field(
        default="valid", description="same: zeros around, so that stride 1 keeps height and width."
    )
    activation: Activation = "relu"


class EmbeddingTable(Spec):
    """One column of codes: which input it is, and how many codes there are, 0 being unknown."""

    position: int = Field(ge=0, lt=MAX_FEATURES)
    codes: int = Field(ge=1, le=MAX_FEATURES + 1)


class EmbeddingSpec(Spec):
    """Each categorical column becomes a learned vector; other inputs pass through before them.

    y = (numbers, table₁[code₁], table₂[code₂], …). It can only be the first layer.
    """

    type: Literal["embedding"] = "embedding"
    dimension: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Default, for each column: half its categories, 50 at most.",
    )
    initializer: InitializerField | None = Field(
        default=None, description="Default: normal, std 0.05."
    )
    l1: float = Field(default=0.0, ge=0, le=1000)
    l2: float = Field(default=0.0, ge=0, le=1000)
    frozen: bool = False
    tables: Items[EmbeddingTable] | None = Field(
        default=None, description="Follows from the columns: leave it out."
    )


class DropoutSpec(Spec):
    """While training, each value is 0 with probability rate, else divided by 1 − rate."""

    type: Literal["dropout"] = "dropout"
    rate: float = Field(default=0.5, ge=0, lt=1)


class BatchNormalizationSpec(Spec):
    """y = γ (x − μ) / sqrt(σ² + ε) + β over the batch, for each feature or channel.

    Predictions take running means: r ← momentum · r + (1 − momentum) · batch (Ioffe 2015).
    """

    type: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    epsilon: float = Field(default=1e-5, gt=0, le=1)
    frozen: bool = Field(default=False, description="γ, β and the running means stay as they are.")


class LayerNormalizationSpec(Spec):
    """y = γ (x − μ) / sqrt(σ² + ε) + β over the values of each row (Ba et al. 2016)."""

    type: Literal["layer_normalization"] = "layer_normalization"
    epsilon: float = Field(default=1e-5, gt=0, le=1)
    frozen: bool = False


class ActivationLayerSpec(Spec):
    """y = activation(x)."""

    type: Literal["activation"] = "activation"
    activation: Activation


class PoolingSpec(Spec):
    """What both poolings are told; rows have shape (height, width, channels)."""

    pool_size: Sides = 2
    stride: Sides | None = Field(default=None, description="Default: pool_size.")


class MaxPooling2dSpec(PoolingSpec):
    """The largest value of each window."""

    type: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2dSpec(PoolingSpec):
    """The mean of each window."""

    type: Literal["average_pooling2d"] = "average_pooling2d"


class FlattenSpec(Spec):
    """Any shape becomes (features,), the last axis running fastest."""

    type: Literal["flatten"] = "flatten"


class ReshapeSpec(Spec):
    """The same values in another shape, such as 64 columns as an image of [8, 8, 1]."""

    type: Literal["reshape"] = "reshape"
    shape: Annotated[
        Items[Annotated[int, Field(ge=1, le=MAX_FEATURES)]], Field(min_length=1, max_length=3)
    ]


class ResidualSpec(Spec):
    """y = x + block(x); the block must give back the shape it is given (He et al. 2016)."""

    type: Literal["residual"] = "residual"
    layers: Annotated[Items["LayerSpec"], Field(min_length=1, max_length=MAX_LAYERS)]


LayerSpec = Annotated[
    DenseSpec
    | Conv2dSpec
    | EmbeddingSpec
    | DropoutSpec
    | BatchNormalizationSpec
    | LayerNormalizationSpec
    | ActivationLayerSpec
    | MaxPooling2dSpec
    | AveragePooling2dSpec
    | FlattenSpec
    | ReshapeSpec
    | ResidualSpec,
    Field(discriminator="type"),
]


class OutputSpec(WeightsSpec):
    """The last dense layer."""

    units: int | None = Field(
        default=None, ge=1, le=MAX_UNITS, description="Follows from the target; checked if given."
    )
    activation: OutputActivation | None = Field(
        default=None,
        description="Default: softmax for classes, sigmoid for two classes, linear for numbers.",
    )


class NetworkSpec(Spec):
    """Hidden layers from input to output, then the output layer."""

    layers: Items[LayerSpec] = Field(default=(DenseSpec(units=64),), max_length=MAX_LAYERS)
    output: OutputSpec = OutputSpec()


class ResolvedOutput(OutputSpec):
    """The output layer with its activation and units chosen."""

    activation: OutputActivation
    units: int = Field(ge=1, le=MAX_UNITS)


class ResolvedNetwork(NetworkSpec):
    """A network with nothing left to choose."""

    output: ResolvedOutput


ResidualSpec.model_rebuild()
