"""Whether categories are looked up in an embedding, and which tables that takes."""

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

_FIRST = "/network/layers/0"


def categorical_of(network: NetworkSpec) -> CategoricalEncoding:
    """What categories become by default: codes if the first layer looks them up, else levels."""
    has_embedding = bool(network.layers) and isinstance(network.layers[0], EmbeddingSpec)
    return "embedding" if has_embedding else "one_hot"


def check_categorical(spec: TrainingSpec, report: Report) -> None:
    """Codes are for an embedding, an embedding is for codes, and it comes first."""
    asked = spec.preprocessing.categorical
    if categorical_of(spec.network) == "embedding":
        if asked not in {None, "embedding"}:
            detail = (
                f"the first layer is an embedding: categorical must be embedding; say {asked} of "
                "single columns, in preprocessing.columns"
            )
            report.problem("/preprocessing/categorical", "categorical_and_layer", detail)
    elif asked == "embedding":
        detail = "the first layer is no embedding: categorical must be one_hot or ordinal"
        report.problem("/preprocessing/categorical", "categorical_and_layer", detail)
    _check_places(spec.network.layers, "/network/layers", report)


def _check_places(layers: Sequence[LayerSpec], pointer: str, report: Report) -> None:
    for index, layer in enumerate(layers):
        here = f"{pointer}/{index}"
        if isinstance(layer, EmbeddingSpec) and here != _FIRST:
            report.problem(here, "embedding_not_first", "an embedding can only be the first layer")
        if isinstance(layer, ResidualSpec):
            _check_places(layer.layers, f"{here}/layers", report)


def fill_tables(
    network: NetworkSpec, tables: tuple[EmbeddingTable, ...], report: Report
) -> NetworkSpec:
    """The network with the tables that its features need, if it begins with an embedding."""
    first, *others = network.layers or (None,)
    if not isinstance(first, EmbeddingSpec):
        return network
    if not tables:
        detail = "no feature becomes codes: there is nothing to look up"
        report.problem(_FIRST, "nothing_to_embed", detail)
    elif first.tables not in {None, tables}:
        expected = ", ".join(f"{t.codes} codes at input {t.position}" for t in tables)
        detail = f"the columns need {expected}: leave the tables out"
        report.problem(f"{_FIRST}/tables", "other_tables", detail)
    filled = first.model_copy(update={"tables": tables})
    return network.model_copy(update={"layers": (filled, *others)})


def tables_in(network: NetworkSpec) -> tuple[EmbeddingTable, ...]:
    """The tables of the embedding that the network begins with, where it tells."""
    first = network.layers[0] if network.layers else None
    return (first.tables or ()) if isinstance(first, EmbeddingSpec) else ()
