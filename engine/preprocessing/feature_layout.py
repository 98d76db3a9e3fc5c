"""Positions of the fitted columns among the network's inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from engine.data.table import Level
from engine.preprocessing.datetime_features import count_time_inputs
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
from engine.preprocessing.scale import NumericBlock, stack_columns
from engine.specs import EmbeddingTable

Encoded: TypeAlias = (
    FittedBoolean | FittedCategories | FittedCodes | FittedOrdinal | FittedTime | FittedText
)


@dataclass(frozen=True)
class ColumnSlot:
    """The position of a non-numeric column.

    Attributes:
        column: the fitted column.
        index: its index among the columns.
        start: index of its first input.
        index_of: index of each fitted category.
    """

    column: Encoded
    index: int
    start: int
    index_of: dict[Level, int]


@dataclass(frozen=True)
class FeatureLayout:
    """The number of inputs, and the position of each column.

    Attributes:
        width: number of inputs.
        numbers: the numeric columns.
        encoded: all other columns.
    """

    width: int
    numbers: NumericBlock
    encoded: tuple[ColumnSlot, ...]


def lay_out(columns: Sequence[FittedColumn]) -> FeatureLayout:
    """Assign inputs to each column: its values, then its missing indicator."""
    numeric: list[tuple[FittedNumeric, int]] = []
    encoded: list[ColumnSlot] = []
    width = 0
    for index, (column, start) in enumerate(_starts(columns)):
        if isinstance(column, FittedNumeric):
            numeric.append((column, start))
        else:
            encoded.append(ColumnSlot(column, index, start, _index_of(column)))
        width = max(width, start + count_features(column))
    return FeatureLayout(width, stack_columns(numeric, width), tuple(encoded))


def _index_of(column: Encoded) -> dict[Level, int]:
    if isinstance(column, FittedCategories | FittedCodes | FittedOrdinal):
        return {level: index for index, level in enumerate(column.levels)}
    return {}


def _starts(columns: Sequence[FittedColumn]) -> Iterator[tuple[FittedColumn, int]]:
    """Yield each column with the index of its first input, in column order.

    If any column is coded, the one-hot columns come last: their widths are known only after
    fitting, and the position of the codes must be known before.
    """
    has_codes = any(isinstance(column, FittedCodes) for column in columns)
    is_last = [has_codes and isinstance(column, FittedCategories) for column in columns]
    starts, width = {}, 0
    for index in sorted(range(len(columns)), key=is_last.__getitem__):
        starts[index] = width
        width += count_features(columns[index])
    for index, column in enumerate(columns):
        yield column, starts[index]


def count_features(column: FittedColumn) -> int:
    """Return the number of inputs of a column, including its missing indicator."""
    match column:
        case FittedNumeric() | FittedBoolean() | FittedOrdinal():
            return 1 + column.indicator
        case FittedCategories():
            return len(column.levels) + column.rest + column.indicator
        case FittedCodes():
            return 1
        case FittedTime():
            return count_time_inputs(column.parts) + column.indicator
        case FittedText():
            return column.buckets + column.indicator
        case _:
            assert_never(column)


def tables_of(columns: Sequence[FittedColumn]) -> tuple[EmbeddingTable, ...]:
    """Return the embedding table required for each coded column, of minimal size."""
    return tuple(
        EmbeddingTable(position=start, codes=1 + len(column.levels) + column.rest)
        for column, start in _starts(columns)
        if isinstance(column, FittedCodes)
    )
