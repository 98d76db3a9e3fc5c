"""One layer from its spec, by its kind."""

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


def build_layer(spec: LeafSpec, place: BuildContext) -> list[Layer]:  # noqa: PLR0911 - one line a kind
    """The layer of that spec, and its activation if it has one."""
    match spec:
        case specs.DenseSpec():
            return _with_activation(_build_dense(spec, place), spec, place)
        case specs.Conv2dSpec():
            return _with_activation(build_conv2d(spec, place), spec, place)
        case specs.EmbeddingSpec():
            return [_build_embedding(spec, place)]
        case specs.DropoutSpec():
            return [Dropout(place.name, place.shape, spec.rate, place.dtype, place.seed)]
        case specs.BatchNormalizationSpec() | specs.LayerNormalizationSpec():
            return [_build_normalization(spec, place)]
        case specs.ActivationLayerSpec():
            return _build_activation(spec.activation, place, place.shape)
        case specs.MaxPooling2dSpec() | specs.AveragePooling2dSpec():
            return [build_pooling(spec, place)]
        case specs.FlattenSpec() | specs.ReshapeSpec():
            return [_build_reshape(spec, place)]
        case _:
            assert_never(spec)


def _build_dense(spec: specs.DenseSpec, place: BuildContext) -> Dense:
    return Dense(
        place.name,
        require_features(spec.type, place.name, place.shape),
        spec.units,
        place.dtype,
        use_bias=spec.use_bias,
        initializer=spec.initializer or default_initializer(spec.activation),
    )


def _with_activation(
    layer: Layer, spec: specs.DenseSpec | specs.Conv2dSpec, place: BuildContext
) -> list[Layer]:
    layer.is_frozen = spec.frozen
    layer.penalty = Penalty(spec.l1, spec.l2, spec.max_norm)
    return [layer, *_build_activation(spec.activation, place, layer.out_shape)]


def _build_activation(
    activation: specs.Activation, place: BuildContext, shape: Shape
) -> list[Layer]:
    if activation == "linear":
        return []
    function = build_activation(activation, place.dtype)
    return [ActivationLayer(place.name, shape, function, place.dtype)]


def _build_embedding(spec: specs.EmbeddingSpec, place: BuildContext) -> Embedding:
    if place.name != "layers.0":
        detail = "embedding takes the network's inputs themselves: make it the first layer"
        reject(place.name, "embedding_not_first", detail)
    if spec.tables is None:
        reject(place.name, "no_tables", "embedding is not told which inputs are codes")
    (in_features,) = place.shape
    for table in spec.tables:
        if table.position >= in_features:
            detail = f"there is no input {table.position} in rows of shape {place.shape}"
            reject(place.name, "wrong_shape", detail)
    embedding = Embedding(
        place.name,
        in_features,
        spec.tables,
        spec.dimension,
        place.dtype,
        initializer=spec.initializer or specs.Normal(std=0.05),
    )
    embedding.is_frozen = spec.frozen
    embedding.penalty = Penalty(spec.l1, spec.l2)
    return embedding


def _build_normalization(
    spec: specs.BatchNormalizationSpec | specs.LayerNormalizationSpec, place: BuildContext
) -> Layer:
    layer: Layer
    if isinstance(spec, specs.BatchNormalizationSpec):
        layer = BatchNormalization(
            place.name, place.shape, spec.momentum, spec.epsilon, place.dtype
        )
    else:
        layer = LayerNormalization(place.name, place.shape, spec.epsilon, place.dtype)
    layer.is_frozen = spec.frozen
    return layer


def _build_reshape(spec: specs.FlattenSpec | specs.ReshapeSpec, place: BuildContext) -> Reshape:
    size = math.prod(place.shape)
    shape: Shape = spec.shape if isinstance(spec, specs.ReshapeSpec) else (size,)
    require_same_size(spec.type, place.name, place.shape, shape)
    return Reshape(place.name, place.shape, shape)
