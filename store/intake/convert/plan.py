"""How a file is read, column by column, and what it is written as."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from engine.data.table import ColumnKind
from store.datasets.datasets import Notice
from store.intake.cells.inference import Rules
from store.intake.source import Reading


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is read, and what it becomes.

    Attributes:
        name: unique in the table.
        reading: how the source is asked for its cells.
        kind: what it is written as; texts are categorical until they are counted.
        stated: the client's word for that.
        time_format: if it is of times.
        is_empty: no value was seen: the first one changes the plan.
        notices: of what was guessed.
    """

    name: str
    reading: Reading
    kind: ColumnKind
    stated: ColumnKind | None = None
    time_format: str | None = None
    is_empty: bool = False
    notices: tuple[Notice, ...] = ()

    @property
    def type(self) -> pa.DataType:
        """Of the column file's field."""
        match self.kind:
            case "numeric" | "time":
                return pa.float64()
            case "boolean":
                return pa.bool_()
            case _:
                return pa.string()


@dataclass(frozen=True)
class Plan:
    """How a file is read.

    Attributes:
        columns: from left to right.
        rules: for its texts, with the markers of missing values that were found.
        notices: of what was changed or guessed.
    """

    columns: tuple[ColumnPlan, ...]
    rules: Rules
    notices: tuple[Notice, ...]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """How the source is to be asked."""
        return tuple(column.reading for column in self.columns)


def numeric_columns(columns: Sequence[ColumnPlan]) -> list[int]:
    """Those that are written as numbers."""
    return [index for index, column in enumerate(columns) if column.type == pa.float64()]
