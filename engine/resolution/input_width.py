"""Number of network inputs, derived from a table's schema.

The fitted number (`engine.preprocessing.feature_layout`) is the same, or less if a category is
absent from the training rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from engine.data.table import ColumnSchema
from engine.preprocessing.column_options import ColumnOptions, options_for
from engine.preprocessing.datetime_features import count_time_inputs
from engine.specs import MAX_FEATURES, EmbeddingTable, ResolvedPreprocessing


@dataclass(frozen=True)
class NetworkInputs:
    """The inputs of a network.

    Attributes:
        count: inputs per row.
        tables: embedding tables for the coded inputs.
    """

    count: int
    tables: tuple[EmbeddingTable, ...]


def find_inputs(features: Sequence[ColumnSchema], spec: ResolvedPreprocessing) -> NetworkInputs:
    """Return the network inputs derived from the table's schema."""
    count = _count_inputs(features, spec)
    # Table positions have the same limit; exceeding it is reported as a problem.
    tables = _list_tables(features, spec) if count <= MAX_FEATURES else ()
    return NetworkInputs(count, tables)


def _count_inputs(features: Sequence[ColumnSchema], spec: ResolvedPreprocessing) -> int:
    return sum(count_column_inputs(column, options_for(spec, column.name)) for column in features)


def count_column_inputs(column: ColumnSchema, options: ColumnOptions) -> int:
    """Return the number of inputs of a column, including its missing indicator."""
    if options.hash_buckets is not None:
        return options.hash_buckets + options.missing_indicator
    match column.kind:
        case "numeric" | "boolean":
            return 1 + options.missing_indicator
        case "time":
            return count_time_inputs(options.time or ()) + options.missing_indicator
        case "categorical" | "text":
            return _count_category_inputs(column, options)
        case _:
            assert_never(column.kind)


def _count_category_inputs(column: ColumnSchema, options: ColumnOptions) -> int:
    match options.categorical:
        case "embedding":
            return 1
        case "ordinal":
            return 1 + options.missing_indicator
        case "one_hot":
            return _count_categories(column, options) + options.missing_indicator
        case _:
            assert_never(options.categorical)


def _count_categories(column: ColumnSchema, options: ColumnOptions) -> int:
    """Return an upper bound of the categories, including one shared by infrequent ones."""
    if options.levels is not None:
        return len(options.levels)
    # The schema does not show whether the constant is already one of the categories.
    constant = 0 if options.fill_level is None else 1
    return min((column.distinct or 0) + constant, options.max_levels)


def _list_tables(
    features: Sequence[ColumnSchema], spec: ResolvedPreprocessing
) -> tuple[EmbeddingTable, ...]:
    """Return a table per coded column, at its position in the feature layout."""
    tables: list[EmbeddingTable] = []
    position = 0
    for column in features:
        options = options_for(spec, column.name)
        is_category = column.kind == "categorical" and options.hash_buckets is None
        if is_category and options.categorical == "one_hot":
            continue  # laid out after all other columns
        if is_category and options.categorical == "embedding":
            # Code 0 is an unknown or missing category.
            codes = _count_categories(column, options) + 1
            tables.append(EmbeddingTable(position=position, codes=codes))
        position += count_column_inputs(column, options)
    return tuple(tables)
