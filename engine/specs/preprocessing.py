"""How columns become the network's inputs."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.specs.base import MAX_FEATURES, ColumnName, Items, Spec

NumericScaling = Literal["standardize", "min_max", "robust", "log1p", "none"]
CategoricalEncoding = Literal["one_hot", "ordinal", "embedding"]
MissingStrategy = Literal["mean", "median", "most_frequent", "constant", "drop_row"]
TimePart = Literal["year", "month", "weekday", "hour"]
LevelText = Annotated[str, StringConstraints(max_length=256)]

MAX_LEVELS = 1000
MAX_BUCKETS = 65_536


class ColumnPreprocessingSpec(Spec):
    """What is otherwise for one column; null means: as for all columns."""

    numeric: NumericScaling | None = None
    categorical: Literal["one_hot", "ordinal"] | None = None
    max_levels: int | None = Field(default=None, ge=2, le=MAX_LEVELS)
    levels: Items[LevelText] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LEVELS,
        description="All categories in their order, lowest first; any other is unknown.",
    )
    missing: MissingStrategy | None = None
    fill_value: float | LevelText | None = None
    missing_indicator: bool | None = None
    time: Items[TimePart] | None = Field(default=None, min_length=1, max_length=4)
    hash_buckets: int | None = Field(default=None, ge=2, le=MAX_BUCKETS)


class PreprocessingSpec(Spec):
    """How columns become the network's inputs; everything is fitted on the training rows only."""

    numeric: NumericScaling = Field(
        default="standardize",
        description="standardize: (x − mean) / std; min_max: to 0 … 1; robust: (x − median) / "
        "interquartile range; log1p: sign(x)·log(1 + |x|), standardized; none: as it is.",
    )
    categorical: CategoricalEncoding | None = Field(
        default=None,
        description="Default: one_hot; embedding (codes to look up) if the first layer is one. "
        "ordinal: one number, the index in the order of the levels, standardized.",
    )
    max_levels: int = Field(
        default=100,
        ge=2,
        le=MAX_LEVELS,
        description="Inputs of one categorical column at most: of more categories the rarest are "
        "pooled into one.",
    )
    missing: MissingStrategy = Field(
        default="mean",
        description="What stands in for a missing value: the mean or median of numbers and times, "
        "the most frequent value, the constant fill_value; drop_row leaves such rows out of the "
        "training. A missing category has no level unless it is filled.",
    )
    fill_value: float | LevelText = Field(default=0.0, description="For constant.")
    missing_indicator: bool = Field(
        default=False,
        description="One more input for each column with missing values: 1 where one was.",
    )
    time: Items[TimePart] = Field(
        default=("year", "month", "weekday", "hour"),
        min_length=1,
        max_length=4,
        description="What the network is told of a time: the year standardized, the others as sine "
        "and cosine.",
    )
    hash_buckets: int | None = Field(
        default=None,
        ge=2,
        le=MAX_BUCKETS,
        description="Words of free text are hashed into so many inputs. Default: text is refused.",
    )
    target: Literal["standardize", "none"] | None = Field(
        default=None,
        description="Scaling of a numeric target; predictions are answered in its own unit. "
        "Default: standardize; none if the output is not linear.",
    )
    columns: dict[ColumnName, ColumnPreprocessingSpec] = Field(
        default={}, max_length=1000, description="What is otherwise for single columns, by name."
    )


class ResolvedPreprocessing(PreprocessingSpec):
    """Preprocessing with nothing left to choose."""

    categorical: CategoricalEncoding
    target: Literal["standardize", "none"]
    # What follows from a column's kind is written out here, for however many columns there are.
    columns: dict[ColumnName, ColumnPreprocessingSpec] = Field(default={}, max_length=MAX_FEATURES)
