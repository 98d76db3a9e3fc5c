"""Where each fitted column goes among the network's inputs."""

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
    """A column that is not numeric.

    Attributes:
        column: as fitted.
        index: among the columns.
        start: its first input.
        index_of: each level that it knows.
    """

    column: Encoded
    index: int
    start: int
    index_of: dict[Level, int]


@dataclass(frozen=True)
class FeatureLayout:
    """How many inputs there are, and where each column's are."""

    width: int
    numbers: NumericBlock
    others: tuple[ColumnSlot, ...]


def lay_out(columns: Sequence[FittedColumn]) -> FeatureLayout:
    """Give each column its inputs: its values, and after them its indicator."""
    numeric: list[tuple[FittedNumeric, int]] = []
    others: list[ColumnSlot] = []
    width = 0
    for index, (column, start) in enumerate(_starts(columns)):
        if isinstance(column, FittedNumeric):
            numeric.append((column, start))
        else:
            others.append(ColumnSlot(column, index, start, _index_of(column)))
        width = max(width, start + count_features(column))
    return FeatureLayout(width, stack_columns(numeric, width), tuple(others))


def _index_of(column: Encoded) -> dict[Level, int]:
    if isinstance(column, FittedCategories | FittedCodes | FittedOrdinal):
        return {level: index for index, level in enumerate(column.levels)}
    return {}


def _starts(columns: Sequence[FittedColumn]) -> Iterator[tuple[FittedColumn, int]]:
    """Each column with its first input, in the columns' order.

    Where there are codes, what has one input a level comes last: how many levels there are is
    known only once the rows are, and an embedding must know before where its codes will be.
    """
    has_codes = any(isinstance(column, FittedCodes) for column in columns)
    late = [has_codes and isinstance(column, FittedCategories) for column in columns]
    starts, width = {}, 0
    for index in sorted(range(len(columns)), key=late.__getitem__):
        starts[index] = width
        width += count_features(columns[index])
    for index, column in enumerate(columns):
        yield column, starts[index]


def count_features(column: FittedColumn) -> int:
    """Inputs of a column, its indicator among them."""
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
    """The table that an embedding needs for each column of codes, no row more."""
    return tuple(
        EmbeddingTable(position=start, codes=1 + len(column.levels) + column.rest)
        for column, start in _starts(columns)
        if isinstance(column, FittedCodes)
    )
