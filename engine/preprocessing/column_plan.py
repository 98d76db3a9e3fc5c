"""The plan of a feature column: its options, its encoding, and the network inputs it becomes."""

from dataclasses import dataclass
from typing import Literal, assert_never

from engine.data.table import ColumnKind, ColumnSchema
from engine.preprocessing.column_options import NO_OVERRIDES, ColumnOptions, options_for
from engine.preprocessing.datetime_features import count_part_inputs
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
)
from engine.specs import PreprocessingSpec, ResolvedPreprocessing, TimePart

Encoding = Literal["numeric", "boolean", "one_hot", "ordinal", "embedding", "calendar", "hashed"]


@dataclass(frozen=True)
class ColumnInputs:
    """The network inputs of one column: its encoded value, then its missing indicator.

    Attributes:
        encoding: encoding of the value.
        indicator: whether an additional, last input is 1 where the value is missing.
        categories: categories with an input (one_hot) or a code (embedding), including the one
            shared by infrequent ones; 0 for other encodings.
        parts: parts of a time (calendar).
        buckets: number of hash buckets (hashed).
    """

    encoding: Encoding
    indicator: bool = False
    categories: int = 0
    parts: tuple[TimePart, ...] = ()
    buckets: int = 0

    @property
    def width(self) -> int:
        """Number of inputs, including the missing indicator."""
        return self.value_width + self.indicator

    @property
    def codes(self) -> int:
        """Number of codes of an embedded column: one per category, and 0 for all other values."""
        return 1 + self.categories

    @property
    def value_width(self) -> int:
        """Number of inputs, without the missing indicator."""
        match self.encoding:
            case "numeric" | "boolean" | "ordinal" | "embedding":
                return 1
            case "one_hot":
                return self.categories
            case "calendar":
                return sum(count_part_inputs(part) for part in self.parts)
            case "hashed":
                return self.buckets
            case _:
                assert_never(self.encoding)


@dataclass(frozen=True)
class ColumnPlan:
    """How one feature column becomes network inputs, known before it is fitted.

    Attributes:
        name: name of the column.
        kind: kind of the column.
        options: effective preprocessing options.
        inputs: its network inputs. The number of categories is an upper bound: a category may be
            absent from the training rows; `inputs_of` the fitted column has the exact number.
    """

    name: str
    kind: ColumnKind
    options: ColumnOptions
    inputs: ColumnInputs


def plan_column(
    spec: ResolvedPreprocessing, name: str, kind: ColumnKind, distinct: int = 0
) -> ColumnPlan:
    """Return the plan of a column.

    Args:
        spec: preprocessing with the per-column defaults recorded
            (`engine.resolution.column_defaults`).
        name: name of the column.
        kind: kind of the column.
        distinct: number of distinct values of a categorical column.
    """
    options = options_for(spec, name)
    encoding = encoding_of(kind, options)
    has_categories = encoding in {"one_hot", "embedding"}
    inputs = ColumnInputs(
        encoding,
        # An embedding has a code for a missing value.
        indicator=options.missing_indicator and encoding != "embedding",
        categories=_count_categories(options, distinct) if has_categories else 0,
        parts=(options.time or ()) if encoding == "calendar" else (),
        buckets=(options.hash_buckets or 0) if encoding == "hashed" else 0,
    )
    return ColumnPlan(name, kind, options, inputs)


def encoding_of(kind: ColumnKind, options: ColumnOptions) -> Encoding:
    """Return the encoding of a column of this kind with these options."""
    if options.hash_buckets is not None:
        return "hashed"
    match kind:
        case "numeric" | "boolean":
            return kind
        case "categorical":
            return options.categorical
        case "time":
            return "calendar"
        case "text":
            return "hashed"
        case _:
            assert_never(kind)


def _count_categories(options: ColumnOptions, distinct: int) -> int:
    """Return an upper bound of the categories, including one shared by infrequent ones."""
    if options.levels is not None:
        return len(options.levels)
    # The count does not show whether the constant is already one of the categories.
    constant = 0 if options.fill_level is None else 1
    return min(distinct + constant, options.max_levels)


def has_encoding(spec: PreprocessingSpec, column: ColumnSchema) -> bool:
    """Return whether a column can be a feature.

    Free text must be hashed. A category must be hashed or have a known number of values.
    """
    override = spec.columns.get(column.name, NO_OVERRIDES)
    if override.hash_buckets is not None:
        return True
    if column.kind == "categorical":
        return column.distinct is not None
    return column.kind != "text" or spec.hash_buckets is not None


def inputs_of(column: FittedColumn) -> ColumnInputs:
    """Return the network inputs of a fitted column."""
    match column:
        case FittedNumeric() | FittedBoolean() | FittedOrdinal():
            return ColumnInputs(column.type, column.indicator)
        case FittedCategories():
            categories = len(column.levels) + column.rest
            return ColumnInputs("one_hot", column.indicator, categories=categories)
        case FittedCodes():
            return ColumnInputs("embedding", categories=len(column.levels) + column.rest)
        case FittedTime():
            return ColumnInputs("calendar", column.indicator, parts=column.parts)
        case FittedText():
            return ColumnInputs("hashed", column.indicator, buckets=column.buckets)
        case _:
            assert_never(column)
