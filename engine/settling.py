"""What preprocessing leaves open for single columns, decided by what is known of each."""

from collections.abc import Sequence
from typing import Any

from engine.specs import (
    CategoricalEncoding,
    ColumnPreprocessingSpec,
    PreprocessingSpec,
    ResolvedPreprocessing,
    TimePart,
)
from engine.tables import ColumnSchema

OF_NOTHING = ColumnPreprocessingSpec()


def pointer_to(name: str, *fields: str | int) -> str:
    """JSON pointer to what is said of the column of that name."""
    escaped = name.replace("~", "~0").replace("/", "~1")
    return "/".join(("/preprocessing/columns", escaped, *(str(field) for field in fields)))


def is_coded(
    column: ColumnSchema, own: ColumnPreprocessingSpec, categorical: CategoricalEncoding
) -> bool:
    """Whether a column becomes codes that an embedding looks up.

    Args:
        column: as the table has it.
        own: what is said of it alone.
        categorical: what holds for all categories.
    """
    is_category = column.kind == "categorical" and own.hash_buckets is None
    return is_category and (own.categorical or categorical) == "embedding"


def settle_columns(
    spec: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> ResolvedPreprocessing:
    """The preprocessing with all that follows from the kinds of the features.

    Times and hashed texts are told from other columns by it when they are fitted, and whether a
    column has an indicator is said of it alone.
    """
    settled: dict[str, ColumnPreprocessingSpec] = {}
    for column in features:
        own = spec.columns.get(column.name, OF_NOTHING)
        chosen = _choose(spec, column, own)
        if chosen or column.name in spec.columns:
            settled[column.name] = own.model_copy(update=chosen)
    return spec.model_copy(update={"missing_indicator": False, "columns": settled})


def _choose(
    spec: ResolvedPreprocessing, column: ColumnSchema, own: ColumnPreprocessingSpec
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if column.kind == "time":
        chosen["time"] = own.time or _parts_of(spec, column)
    if column.kind == "text":
        chosen["hash_buckets"] = own.hash_buckets or spec.hash_buckets
    wanted = spec.missing_indicator if own.missing_indicator is None else own.missing_indicator
    # Where no row is without a value there is nothing to learn from it.
    is_dropped = (own.missing or spec.missing) == "drop_row"
    can_be = column.missing > 0 and not is_dropped and not is_coded(column, own, spec.categorical)
    if wanted and can_be:
        chosen["missing_indicator"] = True
    elif own.missing_indicator is not None:
        chosen["missing_indicator"] = False
    return chosen


def _parts_of(spec: PreprocessingSpec, column: ColumnSchema) -> tuple[TimePart, ...]:
    """The parts asked for; of dates, which have no hour, the others."""
    if not column.integral:
        return spec.time
    return tuple(part for part in spec.time if part != "hour") or spec.time
