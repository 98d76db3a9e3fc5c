"""How one column is preprocessed: what is said of it alone, else what is said of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.data.table import ColumnSchema
from engine.specs import (
    CategoricalEncoding,
    ColumnPreprocessingSpec,
    MissingStrategy,
    NumericScaling,
    PreprocessingSpec,
    ResolvedPreprocessing,
    TimePart,
)

_NOTHING = ColumnPreprocessingSpec()


@dataclass(frozen=True)
class ColumnOptions:
    """The options of one column, under the names they have in the spec.

    Attributes:
        numeric: scaling, if it has numbers.
        categorical: encoding, if it has categories.
        max_levels: inputs or codes of its categories at most.
        levels: its categories in their order, if they are stated.
        missing: what stands in for a missing value.
        fill_value: the constant that does.
        missing_indicator: whether one more input says where a value was missing.
        time: its parts, if it has times; None if it has none.
        hash_buckets: inputs of its words, if they are hashed; None if not.
    """

    numeric: NumericScaling
    categorical: CategoricalEncoding
    max_levels: int
    levels: tuple[str, ...] | None
    missing: MissingStrategy
    fill_value: float | str
    missing_indicator: bool
    time: tuple[TimePart, ...] | None
    hash_buckets: int | None

    @property
    def fill_number(self) -> float | None:
        """The constant for a missing number, if there is to be one."""
        is_number = self.missing == "constant" and not isinstance(self.fill_value, str)
        return float(self.fill_value) if is_number else None

    @property
    def fill_level(self) -> str | None:
        """The constant for a missing category, if there is to be one."""
        is_text = self.missing == "constant" and isinstance(self.fill_value, str)
        return str(self.fill_value) if is_text else None


def spec_for(spec: ResolvedPreprocessing, name: str) -> ColumnOptions:
    """What holds for the column of that name.

    `time` and `hash_buckets` are those of the column alone: a resolved spec has them for every
    column of times and for every text that is hashed, so that they tell these from other columns.
    """
    own = spec.columns.get(name, _NOTHING)
    return ColumnOptions(
        numeric=own.numeric or spec.numeric,
        categorical=own.categorical or spec.categorical,
        max_levels=own.max_levels or spec.max_levels,
        levels=own.levels,
        missing=own.missing or spec.missing,
        fill_value=spec.fill_value if own.fill_value is None else own.fill_value,
        missing_indicator=(
            spec.missing_indicator if own.missing_indicator is None else own.missing_indicator
        ),
        time=own.time,
        hash_buckets=own.hash_buckets,
    )


NO_OVERRIDES = ColumnPreprocessingSpec()


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


def resolve_columns(
    spec: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> ResolvedPreprocessing:
    """The preprocessing with all that follows from the kinds of the features.

    Times and hashed texts are told from other columns by it when they are fitted, and whether a
    column has an indicator is said of it alone.
    """
    settled: dict[str, ColumnPreprocessingSpec] = {}
    for column in features:
        own = spec.columns.get(column.name, NO_OVERRIDES)
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
