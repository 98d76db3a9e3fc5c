"""How many inputs columns become, as far as a table's description tells.

Fitted columns have as many (`engine.preprocessing.feature_layout`), or fewer where a category is in no training row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from engine.data.table import ColumnSchema
from engine.preprocessing.column_options import ColumnOptions, spec_for
from engine.preprocessing.datetime_features import count_time_inputs
from engine.specs import MAX_FEATURES, EmbeddingTable, ResolvedPreprocessing


@dataclass(frozen=True)
class NetworkInputs:
    """What a network is given.

    Attributes:
        count: inputs of a row.
        tables: for an embedding, of those that are codes.
    """

    count: int
    tables: tuple[EmbeddingTable, ...]


def find_inputs(features: Sequence[ColumnSchema], spec: ResolvedPreprocessing) -> NetworkInputs:
    """What the network is given, as far as the table's description tells."""
    count = _count_inputs(features, spec)
    # Positions in the inputs have the same limit; more of them are a problem in any case.
    tables = _list_tables(features, spec) if count <= MAX_FEATURES else ()
    return NetworkInputs(count, tables)


def _count_inputs(features: Sequence[ColumnSchema], spec: ResolvedPreprocessing) -> int:
    return sum(count_column_inputs(column, spec_for(spec, column.name)) for column in features)


def count_column_inputs(column: ColumnSchema, options: ColumnOptions) -> int:
    """Inputs of a column, its indicator among them."""
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
            return _count_levels(column, options) + options.missing_indicator
        case _:
            assert_never(options.categorical)


def _count_levels(column: ColumnSchema, options: ColumnOptions) -> int:
    """Levels at most that are told apart, with one for all others where there are too many."""
    if options.levels is not None:
        return len(options.levels)
    # Whether the constant is one of the levels already, a table's description does not tell.
    constant = 0 if options.fill_level is None else 1
    return min((column.distinct or 0) + constant, options.max_levels)


def _list_tables(
    features: Sequence[ColumnSchema], spec: ResolvedPreprocessing
) -> tuple[EmbeddingTable, ...]:
    """A table for each column of codes, at the input where `engine.preprocessing.feature_layout` will put them."""
    tables: list[EmbeddingTable] = []
    position = 0
    for column in features:
        options = spec_for(spec, column.name)
        is_category = column.kind == "categorical" and options.hash_buckets is None
        if is_category and options.categorical == "one_hot":
            continue  # comes after all others
        if is_category and options.categorical == "embedding":
            # Code 0 stands for a category that is unknown or missing.
            codes = _count_levels(column, options) + 1
            tables.append(EmbeddingTable(position=position, codes=codes))
        position += count_column_inputs(column, options)
    return tuple(tables)
