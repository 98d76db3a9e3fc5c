"""How one column is preprocessed: what is said of it alone, else what is said of all."""

from dataclasses import dataclass

from engine.specs import (
    CategoricalEncoding,
    ColumnPreprocessingSpec,
    MissingStrategy,
    NumericScaling,
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
