"""Embedding of categorical features: default encoding and embedding tables."""

from collections.abc import Sequence

from engine.resolution.report import Report
from engine.specs import (
    CategoricalEncoding,
    EmbeddingSpec,
    EmbeddingTable,
    LayerSpec,
    NetworkSpec,
    ResidualSpec,
    TrainingSpec,
)

_FIRST_LAYER = "/network/layers/0"


def categorical_of(network: NetworkSpec) -> CategoricalEncoding:
    """Return the default encoding of categories, which depends on the first layer."""
    has_embedding = bool(network.layers) and isinstance(network.layers[0], EmbeddingSpec)
    return "embedding" if has_embedding else "one_hot"


def check_categorical(spec: TrainingSpec, report: Report) -> None:
    """Check that the embedding encoding and an embedding as the first layer are used together."""
    encoding = spec.preprocessing.categorical
    if categorical_of(spec.network) == "embedding":
        if encoding not in {None, "embedding"}:
            detail = (
                "the first layer is an embedding, so categorical must be embedding; set "
                f"{encoding} for individual columns in preprocessing.columns"
            )
            report.problem("/preprocessing/categorical", "categorical_and_layer", detail)
    elif encoding == "embedding":
        detail = "embedding needs an embedding as the first layer; else use one_hot or ordinal"
        report.problem("/preprocessing/categorical", "categorical_and_layer", detail)
    _check_positions(spec.network.layers, "/network/layers", report)


def _check_positions(layers: Sequence[LayerSpec], pointer: str, report: Report) -> None:
    for index, layer in enumerate(layers):
        layer_pointer = f"{pointer}/{index}"
        if isinstance(layer, EmbeddingSpec) and layer_pointer != _FIRST_LAYER:
            detail = "an embedding must be the first layer"
            report.problem(layer_pointer, "embedding_not_first", detail)
        if isinstance(layer, ResidualSpec):
            _check_positions(layer.layers, f"{layer_pointer}/layers", report)


def fill_tables(
    network: NetworkSpec, tables: tuple[EmbeddingTable, ...], report: Report
) -> NetworkSpec:
    """Return the network with the embedding tables that the features require."""
    first, *following = network.layers or (None,)
    if not isinstance(first, EmbeddingSpec):
        return network
    if not tables:
        detail = "an embedding needs a categorical feature; none of the features is one"
        report.problem(_FIRST_LAYER, "nothing_to_embed", detail)
    elif first.tables not in {None, tables}:
        expected = ", ".join(f"{t.codes} codes at input {t.position}" for t in tables)
        detail = f"the features need tables of {expected}; remove tables to use these"
        report.problem(f"{_FIRST_LAYER}/tables", "other_tables", detail)
    filled = first.model_copy(update={"tables": tables})
    return network.model_copy(update={"layers": (filled, *following)})


def tables_in(network: NetworkSpec) -> tuple[EmbeddingTable, ...]:
    """Return the tables of the network's embedding; empty if it has none."""
    first = network.layers[0] if network.layers else None
    return (first.tables or ()) if isinstance(first, EmbeddingSpec) else ()
