"""Whether categories are looked up in an embedding, and which tables that takes."""

from collections.abc import Sequence

from engine.findings import Report
from engine.specs import (
    CategoricalEncoding,
    EmbeddingSpec,
    EmbeddingTable,
    LayerSpec,
    NetworkSpec,
    ResidualSpec,
    TrainingSpec,
)
from engine.tables import ColumnSchema

Categorical = CategoricalEncoding
_FIRST = "/network/layers/0"


def categorical_of(network: NetworkSpec) -> Categorical:
    """What categories become: codes if the first layer looks them up, else one input a level."""
    has_embedding = bool(network.layers) and isinstance(network.layers[0], EmbeddingSpec)
    return "embedding" if has_embedding else "one_hot"


def check_categorical(spec: TrainingSpec, report: Report) -> None:
    """Codes are for an embedding, an embedding is for codes, and it comes first."""
    needed, asked = categorical_of(spec.network), spec.preprocessing.categorical
    if asked not in {None, needed}:
        detail = f"the first layer is no embedding: categorical must be {needed}"
        if needed == "embedding":
            detail = f"the first layer is an embedding: categorical must be {needed}"
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
    network: NetworkSpec, features: Sequence[ColumnSchema], report: Report
) -> NetworkSpec:
    """The network with a table a categorical feature, if it begins with an embedding."""
    first, *others = network.layers or (None,)
    if not isinstance(first, EmbeddingSpec) or not features:
        return network
    # Code 0 stands for a category that is unknown or missing.
    tables = tuple(
        EmbeddingTable(position=index, codes=(column.distinct or 0) + 1)
        for index, column in enumerate(features)
        if column.kind == "categorical"
    )
    if not tables:
        detail = "no feature is categorical: there is nothing to look up"
        report.problem(_FIRST, "nothing_to_embed", detail)
    elif first.tables not in {None, tables}:
        expected = ", ".join(f"{t.codes} codes at input {t.position}" for t in tables)
        detail = f"the columns need {expected}: leave the tables out"
        report.problem(f"{_FIRST}/tables", "other_tables", detail)
    filled = first.model_copy(update={"tables": tables})
    return network.model_copy(update={"layers": (filled, *others)})


def table_codes(network: NetworkSpec) -> dict[int, int]:
    """How many codes each input has that is looked up, where the network tells."""
    first = network.layers[0] if network.layers else None
    if not isinstance(first, EmbeddingSpec) or first.tables is None:
        return {}
    return {table.position: table.codes for table in first.tables}
