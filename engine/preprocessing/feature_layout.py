"""Positions of the columns among the network's inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.data.table import Level
from engine.preprocessing.column_plan import ColumnInputs, inputs_of
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
from engine.preprocessing.numeric_block import NumericBlock, stack_columns
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
        position: its inputs among all inputs, including its missing indicator.
        indicator: whether the last of them is a missing indicator.
        index_of: index of each fitted category.
    """

    column: Encoded
    index: int
    position: slice
    indicator: bool
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
    """Assign inputs to each fitted column."""
    inputs = [inputs_of(column) for column in columns]
    positions = positions_of(inputs)
    width = max((position.stop for position in positions), default=0)
    numeric: list[tuple[FittedNumeric, slice]] = []
    encoded: list[ColumnSlot] = []
    for index, (column, position) in enumerate(zip(columns, positions, strict=True)):
        if isinstance(column, FittedNumeric):
            numeric.append((column, position))
        else:
            indicator = inputs[index].indicator
            encoded.append(ColumnSlot(column, index, position, indicator, _index_of(column)))
    return FeatureLayout(width, stack_columns(numeric, width), tuple(encoded))


def _index_of(column: Encoded) -> dict[Level, int]:
    if isinstance(column, FittedCategories | FittedCodes | FittedOrdinal):
        return {level: index for index, level in enumerate(column.levels)}
    return {}


def count_inputs(columns: Sequence[ColumnInputs]) -> int:
    """Return the number of network inputs of all columns."""
    return sum(column.width for column in columns)


def positions_of(columns: Sequence[ColumnInputs]) -> list[slice]:
    """Return the inputs of each column among all inputs, in column order.

    If any column is embedded, the one-hot columns come last: their widths are known only after
    fitting, and the position of the codes must be known before.
    """
    has_codes = any(column.encoding == "embedding" for column in columns)
    is_last = [has_codes and column.encoding == "one_hot" for column in columns]
    positions, start = [slice(0)] * len(columns), 0
    for index in sorted(range(len(columns)), key=is_last.__getitem__):
        stop = start + columns[index].width
        positions[index] = slice(start, stop)
        start = stop
    return positions


def embedding_tables(columns: Sequence[ColumnInputs]) -> tuple[EmbeddingTable, ...]:
    """Return the embedding table of each embedded column, of minimal size."""
    if not any(column.encoding == "embedding" for column in columns):
        return ()
    return tuple(
        EmbeddingTable(position=position.start, codes=column.codes)
        for column, position in zip(columns, positions_of(columns), strict=True)
        if column.encoding == "embedding"
    )


def tables_of(columns: Sequence[FittedColumn]) -> tuple[EmbeddingTable, ...]:
    """Return the embedding table of each fitted column of codes, of minimal size."""
    return embedding_tables([inputs_of(column) for column in columns])
