"""Per-column preprocessing options and their defaults, derived from each column's schema."""

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

NO_OVERRIDES = ColumnPreprocessingSpec()


@dataclass(frozen=True)
class ColumnOptions:
    """The effective options of one column, named as in the spec.

    Attributes:
        numeric: scaling of a numeric column.
        categorical: encoding of a categorical column.
        max_levels: maximum number of inputs or codes per categorical column.
        levels: the categories in order, if the spec lists them.
        missing: imputation strategy.
        fill_value: the constant for imputation.
        missing_indicator: whether an additional input is 1 where the value is missing.
        time: parts of a time column; None for other kinds.
        hash_buckets: number of inputs of a hashed text column; None if not hashed.
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
        """The constant for missing numbers, if the strategy is constant."""
        is_number = self.missing == "constant" and not isinstance(self.fill_value, str)
        return float(self.fill_value) if is_number else None

    @property
    def fill_level(self) -> str | None:
        """The constant for missing categories, if the strategy is constant."""
        is_text = self.missing == "constant" and isinstance(self.fill_value, str)
        return str(self.fill_value) if is_text else None


def options_for(spec: ResolvedPreprocessing, name: str) -> ColumnOptions:
    """Return the effective options of the named column.

    `time` and `hash_buckets` come from the column's own override alone: a resolved spec sets them
    for every time column and every hashed text, which distinguishes these from other columns.
    """
    override = spec.columns.get(name, NO_OVERRIDES)
    return ColumnOptions(
        numeric=override.numeric or spec.numeric,
        categorical=override.categorical or spec.categorical,
        max_levels=override.max_levels or spec.max_levels,
        levels=override.levels,
        missing=override.missing or spec.missing,
        fill_value=spec.fill_value if override.fill_value is None else override.fill_value,
        missing_indicator=(
            spec.missing_indicator
            if override.missing_indicator is None
            else override.missing_indicator
        ),
        time=override.time,
        hash_buckets=override.hash_buckets,
    )


def is_embedded(
    column: ColumnSchema, override: ColumnPreprocessingSpec, categorical: CategoricalEncoding
) -> bool:
    """Return whether a column becomes codes for an embedding.

    Args:
        column: schema of the column.
        override: the column's own options.
        categorical: default encoding of categorical columns.
    """
    is_category = column.kind == "categorical" and override.hash_buckets is None
    return is_category and (override.categorical or categorical) == "embedding"


def resolve_columns(
    spec: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> ResolvedPreprocessing:
    """Return the preprocessing with the per-column defaults that follow from each feature's kind.

    Fitting uses these per-column options to recognize time columns, hashed texts, and columns with
    an indicator.
    """
    resolved: dict[str, ColumnPreprocessingSpec] = {}
    for column in features:
        override = spec.columns.get(column.name, NO_OVERRIDES)
        defaults = _column_defaults(spec, column, override)
        if defaults or column.name in spec.columns:
            resolved[column.name] = override.model_copy(update=defaults)
    return spec.model_copy(update={"missing_indicator": False, "columns": resolved})


def _column_defaults(
    spec: ResolvedPreprocessing, column: ColumnSchema, override: ColumnPreprocessingSpec
) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    if column.kind == "time":
        defaults["time"] = override.time or _default_time_parts(spec, column)
    if column.kind == "text":
        defaults["hash_buckets"] = override.hash_buckets or spec.hash_buckets
    is_requested = (
        spec.missing_indicator if override.missing_indicator is None else override.missing_indicator
    )
    # An indicator is useful only if some training row lacks a value.
    is_dropped = (override.missing or spec.missing) == "drop_row"
    is_useful = (
        column.missing > 0
        and not is_dropped
        and not is_embedded(column, override, spec.categorical)
    )
    if is_requested and is_useful:
        defaults["missing_indicator"] = True
    elif override.missing_indicator is not None:
        defaults["missing_indicator"] = False
    return defaults


def _default_time_parts(spec: PreprocessingSpec, column: ColumnSchema) -> tuple[TimePart, ...]:
    """Return the requested parts, without the hour if all times are midnight."""
    if not column.integral:
        return spec.time
    return tuple(part for part in spec.time if part != "hour") or spec.time
