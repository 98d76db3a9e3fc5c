"""Specs of layers, the output layer and the network.

Each row has a shape: `(features,)` at the input, `(height, width, channels)` for images.
"""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.activations import Activation, OutputActivation
from engine.specs.base import MAX_FEATURES, MAX_LAYERS, MAX_UNITS, Items, Spec
from engine.specs.initializers import InitializerField

Side = Annotated[int, Field(ge=1, le=1024)]
Sides = Side | Annotated[Items[Side], Field(min_length=2, max_length=2)]


class WeightsSpec(Spec):
    """Options of every layer with a weight matrix; biases are not regularized."""

    use_bias: bool = True
    initializer: InitializerField | None = Field(
        default=None,
        description="Default, by activation: he_normal for relu, leaky_relu, elu, gelu and silu; "
        "lecun_normal for selu; else glorot_uniform.",
    )
    l1: float = Field(default=0.0, ge=0, le=1000, description="Adds l1 · Σ |w| to the objective.")
    l2: float = Field(default=0.0, ge=0, le=1000, description="Adds l2 · Σ w² to the objective.")
    max_norm: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="Maximum norm of the weights into a unit; enforced after each step.",
    )
    frozen: bool = Field(default=False, description="Keep the weights fixed during training.")


class DenseSpec(WeightsSpec):
    """y = activation(x W + b), for rows of shape (in_features,)."""

    type: Literal["dense"] = "dense"
    units: int = Field(ge=1, le=MAX_UNITS)
    activation: Activation = "relu"


class Conv2dSpec(WeightsSpec):
    """y[i, j, f] = activation(Σ x[i·stride + u, j·stride + v, c] W[u, v, c, f] + b[f]).

    For rows of shape (height, width, channels). Cross-correlation, as is usual in deep learning.
    """

    type: Literal["conv2d"] = "conv2d"
    filters: int = Field(ge=1, le=MAX_UNITS)
    kernel_size: Sides = 3
    stride: Sides = 1
    padding: Literal["valid", "same"] = Field(
        default="valid",
        description="same: zero padding, so that stride 1 preserves height and width.",
    )
    activation: Activation = "relu"


class EmbeddingTable(Spec):
    """One embedded column: its input position, and the number of codes; code 0 is unknown."""

    position: int = Field(ge=0, lt=MAX_FEATURES)
    codes: int = Field(ge=1, le=MAX_FEATURES + 1)


class EmbeddingSpec(Spec):
    """Maps each categorical column to a learned vector; other inputs pass through and come first.

    y = (numbers, table₁[code₁], table₂[code₂], …). Only allowed as the first layer.
    """

    type: Literal["embedding"] = "embedding"
    dimension: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="Vector length. Default, per column: half its categories, at most 50.",
    )
    initializer: InitializerField | None = Field(
        default=None, description="Default: normal, std 0.05."
    )
    l1: float = Field(default=0.0, ge=0, le=1000)
    l2: float = Field(default=0.0, ge=0, le=1000)
    frozen: bool = False
    tables: Items[EmbeddingTable] | None = Field(
        default=None, description="Derived from the columns; leave it out."
    )


class DropoutSpec(Spec):
    """In training, sets each value to 0 with probability rate, else divides it by 1 − rate."""

    type: Literal["dropout"] = "dropout"
    rate: float = Field(default=0.5, ge=0, lt=1)


class BatchNormalizationSpec(Spec):
    """y = γ (x − μ) / sqrt(σ² + ε) + β, with μ and σ² over the batch per feature or channel.

    Predictions use running statistics: r ← momentum · r + (1 − momentum) · batch (Ioffe 2015).
    Needs batches of at least two rows, unless frozen: a batch_size of 1 is refused, and a last
    batch of one row is joined to the batch before it.
    """

    type: Literal["batch_normalization"] = "batch_normalization"
    momentum: float = Field(default=0.9, ge=0, lt=1)
    epsilon: float = Field(default=1e-5, gt=0, le=1)
    frozen: bool = Field(default=False, description="Keep γ, β and the running statistics fixed.")


class LayerNormalizationSpec(Spec):
    """y = γ (x − μ) / sqrt(σ² + ε) + β, with μ and σ² over each row (Ba et al. 2016)."""

    type: Literal["layer_normalization"] = "layer_normalization"
    epsilon: float = Field(default=1e-5, gt=0, le=1)
    frozen: bool = False


class ActivationLayerSpec(Spec):
    """y = activation(x)."""

    type: Literal["activation"] = "activation"
    activation: Activation


class PoolingSpec(Spec):
    """Options of max and average pooling, for rows of shape (height, width, channels)."""

    pool_size: Sides = 2
    stride: Sides | None = Field(default=None, description="Default: pool_size.")


class MaxPooling2dSpec(PoolingSpec):
    """The maximum of each window."""

    type: Literal["max_pooling2d"] = "max_pooling2d"


class AveragePooling2dSpec(PoolingSpec):
    """The mean of each window."""

    type: Literal["average_pooling2d"] = "average_pooling2d"


class FlattenSpec(Spec):
    """Flattens any shape to (features,), in C order (last axis fastest)."""

    type: Literal["flatten"] = "flatten"


class ReshapeSpec(Spec):
    """Reshapes each row, such as 64 columns to an image of shape [8, 8, 1]."""

    type: Literal["reshape"] = "reshape"
    shape: Annotated[
        Items[Annotated[int, Field(ge=1, le=MAX_FEATURES)]], Field(min_length=1, max_length=3)
    ]


class ResidualSpec(Spec):
    """y = x + block(x); the block must preserve the shape (He et al. 2016)."""

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


def _normalizes_batches(layer: LayerSpec) -> bool:
    match layer:
        case BatchNormalizationSpec():
            return not layer.frozen
        case ResidualSpec():
            return any(_normalizes_batches(inner) for inner in layer.layers)
        case _:
            return False


class OutputSpec(WeightsSpec):
    """The output layer: dense."""

    units: int | None = Field(
        default=None,
        ge=1,
        le=MAX_UNITS,
        description="Derived from the target, or the number of inputs; validated if set.",
    )
    activation: OutputActivation | None = Field(
        default=None,
        description="Default: softmax for classes, sigmoid for two classes, linear for "
        "regression and reconstruction.",
    )


class NetworkSpec(Spec):
    """Hidden layers, first to last, then the output layer."""

    layers: Items[LayerSpec] = Field(
        default=(DenseSpec(units=64),),
        max_length=MAX_LAYERS,
        description="Default: 64 relu units. For reconstruction, a linear bottleneck of half as "
        "many units as inputs (at most 64) between two layers of 64 to 256 relu units.",
    )
    output: OutputSpec = OutputSpec()

    @property
    def normalizes_batches(self) -> bool:
        """Whether a layer normalizes by the statistics of its batch: frozen ones do not."""
        return any(_normalizes_batches(layer) for layer in self.layers)


class ResolvedOutput(OutputSpec):
    """An output layer with activation and units set."""

    activation: OutputActivation
    units: int = Field(ge=1, le=MAX_UNITS)


class ResolvedNetwork(NetworkSpec):
    """A network with all defaults resolved."""

    output: ResolvedOutput


ResidualSpec.model_rebuild()
