"""Effective preprocessing options of single columns."""

from dataclasses import dataclass

from engine.specs import (
    CategoricalEncoding,
    ColumnPreprocessingSpec,
    MissingStrategy,
    NumericScaling,
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
