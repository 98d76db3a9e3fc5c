"""Build a single layer from its spec."""

import math
from typing import assert_never

from engine import specs
from engine.activations import build_activation
from engine.arrays import Shape
from engine.initializers import default_initializer
from engine.layers.activation import ActivationLayer
from engine.layers.base import Layer, Penalty
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.build_checks import reject, require_features, require_same_size
from engine.layers.build_context import BuildContext
from engine.layers.build_image import build_conv2d, build_pooling
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.layer_normalization import LayerNormalization
from engine.layers.reshaping import Reshape

LeafSpec = (
    specs.DenseSpec
    | specs.Conv2dSpec
    | specs.EmbeddingSpec
    | specs.DropoutSpec
    | specs.BatchNormalizationSpec
    | specs.LayerNormalizationSpec
    | specs.ActivationLayerSpec
    | specs.MaxPooling2dSpec
    | specs.AveragePooling2dSpec
    | specs.FlattenSpec
    | specs.ReshapeSpec
)


def build_layer(spec: LeafSpec, context: BuildContext) -> list[Layer]:  # noqa: PLR0911 - one case per kind
    """Build a layer, followed by its activation if it has one."""
    match spec:
        case specs.DenseSpec():
            return _with_activation(_build_dense(spec, context), spec, context)
        case specs.Conv2dSpec():
            return _with_activation(build_conv2d(spec, context), spec, context)
        case specs.EmbeddingSpec():
            return [_build_embedding(spec, context)]
        case specs.DropoutSpec():
            return [Dropout(context.name, context.shape, spec.rate, context.dtype, context.seed)]
        case specs.BatchNormalizationSpec() | specs.LayerNormalizationSpec():
            return [_build_normalization(spec, context)]
        case specs.ActivationLayerSpec():
            return _build_activation(spec.activation, context, context.shape)
        case specs.MaxPooling2dSpec() | specs.AveragePooling2dSpec():
            return [build_pooling(spec, context)]
        case specs.FlattenSpec() | specs.ReshapeSpec():
            return [_build_reshape(spec, context)]
        case _:
            assert_never(spec)


def _build_dense(spec: specs.DenseSpec, context: BuildContext) -> Dense:
    return Dense(
        context.name,
        require_features(spec.type, context.name, context.shape),
        spec.units,
        context.dtype,
        use_bias=spec.use_bias,
        initializer=spec.initializer or default_initializer(spec.activation),
    )


def _with_activation(
    layer: Layer, spec: specs.DenseSpec | specs.Conv2dSpec, context: BuildContext
) -> list[Layer]:
    layer.is_frozen = spec.frozen
    layer.penalty = Penalty(spec.l1, spec.l2, spec.max_norm)
    return [layer, *_build_activation(spec.activation, context, layer.out_shape)]


def _build_activation(
    activation: specs.Activation, context: BuildContext, shape: Shape
) -> list[Layer]:
    if activation == "linear":
        return []
    function = build_activation(activation, context.dtype)
    return [ActivationLayer(context.name, shape, function, context.dtype)]


def _build_embedding(spec: specs.EmbeddingSpec, context: BuildContext) -> Embedding:
    if context.name != "layers.0":
        detail = "embedding reads the network's inputs; make it the first layer"
        reject(context.name, "embedding_not_first", detail)
    if spec.tables is None:
        reject(
            context.name,
            "no_tables",
            "embedding has no tables: it needs to know which inputs are codes",
        )
    (in_features,) = context.shape
    for table in spec.tables:
        if table.position >= in_features:
            detail = f"rows of shape {context.shape} have no input {table.position}"
            reject(context.name, "wrong_shape", detail)
    embedding = Embedding(
        context.name,
        in_features,
        spec.tables,
        spec.dimension,
        context.dtype,
        initializer=spec.initializer or specs.Normal(std=0.05),
    )
    embedding.is_frozen = spec.frozen
    embedding.penalty = Penalty(spec.l1, spec.l2)
    return embedding


def _build_normalization(
    spec: specs.BatchNormalizationSpec | specs.LayerNormalizationSpec, context: BuildContext
) -> Layer:
    layer: Layer
    if isinstance(spec, specs.BatchNormalizationSpec):
        layer = BatchNormalization(
            context.name, context.shape, spec.momentum, spec.epsilon, context.dtype
        )
    else:
        layer = LayerNormalization(context.name, context.shape, spec.epsilon, context.dtype)
    layer.is_frozen = spec.frozen
    return layer


def _build_reshape(spec: specs.FlattenSpec | specs.ReshapeSpec, context: BuildContext) -> Reshape:
    size = math.prod(context.shape)
    shape: Shape = spec.shape if isinstance(spec, specs.ReshapeSpec) else (size,)
    require_same_size(spec.type, context.name, context.shape, shape)
    return Reshape(context.name, context.shape, shape)
