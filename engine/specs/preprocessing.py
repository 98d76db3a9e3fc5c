"""Preprocessing: from table columns to network inputs."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.specs.base import MAX_FEATURES, ColumnName, Items, Spec

NumericScaling = Literal["standardize", "min_max", "robust", "log1p", "none"]
CategoricalEncoding = Literal["one_hot", "ordinal", "embedding"]
MissingStrategy = Literal["mean", "median", "most_frequent", "constant", "drop_row"]
TimePart = Literal["year", "month", "weekday", "hour"]
TargetScaling = Literal["standardize", "none"]
LevelText = Annotated[str, StringConstraints(max_length=256)]

MAX_LEVELS = 1000
MAX_BUCKETS = 65_536


class ColumnPreprocessingSpec(Spec):
    """Preprocessing overrides for one column; null means the setting of all columns."""

    numeric: NumericScaling | None = None
    categorical: Literal["one_hot", "ordinal"] | None = None
    max_levels: int | None = Field(default=None, ge=2, le=MAX_LEVELS)
    levels: Items[LevelText] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LEVELS,
        description="All categories, in order, lowest first; any other category is unknown.",
    )
    missing: MissingStrategy | None = None
    fill_value: float | LevelText | None = None
    missing_indicator: bool | None = None
    time: Items[TimePart] | None = Field(default=None, min_length=1, max_length=4)
    hash_buckets: int | None = Field(default=None, ge=2, le=MAX_BUCKETS)


class PreprocessingSpec(Spec):
    """Preprocessing of columns into network inputs; fitted on the training rows only."""

    numeric: NumericScaling = Field(
        default="standardize",
        description="standardize: (x − mean) / std; min_max: to 0 … 1; robust: (x − median) / "
        "interquartile range, or std if that is 0; log1p: sign(x)·log(1 + |x|), standardized; "
        "none: unchanged. In a column in which at least 9 of 10 training rows have the same "
        "number, standardize, robust and log1p divide by at least 1/20 of the training range.",
    )
    categorical: CategoricalEncoding | None = Field(
        default=None,
        description="Default: one_hot, or embedding (codes for the embedding layer) if the first "
        "layer is an embedding. ordinal: one number, the index of the category, standardized.",
    )
    max_levels: int = Field(
        default=100,
        ge=2,
        le=MAX_LEVELS,
        description="Maximum inputs per categorical column; the least frequent categories beyond "
        "it are pooled into one input.",
    )
    missing: MissingStrategy = Field(
        default="mean",
        description="Imputation of missing values: the mean or median (numbers and times), the "
        "most frequent value, or the constant fill_value; drop_row excludes such rows from "
        "training. A missing category is encoded as no category unless it is imputed.",
    )
    fill_value: float | LevelText = Field(default=0.0, description="Value for missing: constant.")
    missing_indicator: bool = Field(
        default=False,
        description="Adds one input per column with missing values: 1 where the value is missing.",
    )
    time: Items[TimePart] = Field(
        default=("year", "month", "weekday", "hour"),
        min_length=1,
        max_length=4,
        description="Features derived from a time: the year, standardized; the others as sine and "
        "cosine.",
    )
    hash_buckets: int | None = Field(
        default=None,
        ge=2,
        le=MAX_BUCKETS,
        description="Number of inputs that words of free text are hashed into. Default: text "
        "columns are rejected.",
    )
    target: TargetScaling | None = Field(
        default=None,
        description="Scaling of a numeric target; predictions are returned in its original unit. "
        "Default: standardize; none if the output is not linear.",
    )
    columns: dict[ColumnName, ColumnPreprocessingSpec] = Field(
        default={}, max_length=1000, description="Overrides for single columns, by name."
    )


class ResolvedPreprocessing(PreprocessingSpec):
    """Preprocessing with all defaults resolved."""

    categorical: CategoricalEncoding
    target: TargetScaling
    # Defaults derived from column kinds are listed here, so the limit is the number of features.
    columns: dict[ColumnName, ColumnPreprocessingSpec] = Field(default={}, max_length=MAX_FEATURES)
