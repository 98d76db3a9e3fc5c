"""Plans: how each column of a file is read and converted."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from engine.data.table import ColumnKind
from store.datasets.columns import Notice
from store.intake.cells.inference import Rules
from store.intake.source import Reading


@dataclass(frozen=True)
class ColumnPlan:
    """How one column is read and converted.

    Attributes:
        name: unique name in the table.
        reading: the reading requested from the source.
        kind: kind written; text is categorical until its values are counted.
        stated: the kind stated by the client.
        time_format: format of its times.
        is_empty: whether no value was read so far; the first value invalidates the plan.
        is_scanned: whether the plan rests on every row of the file, not only on the first.
        notices: notices of guesses.
    """

    name: str
    reading: Reading
    kind: ColumnKind
    stated: ColumnKind | None = None
    time_format: str | None = None
    is_empty: bool = False
    is_scanned: bool = False
    notices: tuple[Notice, ...] = ()

    @property
    def type(self) -> pa.DataType:
        """Arrow type of the column file's field."""
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
        rules: rules of its text cells, with the missing-value markers found.
        notices: notices of changes and guesses.
    """

    columns: tuple[ColumnPlan, ...]
    rules: Rules
    notices: tuple[Notice, ...]

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Readings requested from the source, one per column."""
        return tuple(column.reading for column in self.columns)


def numeric_columns(columns: Sequence[ColumnPlan]) -> list[int]:
    """Return the indices of the columns written as float64."""
    return [index for index, column in enumerate(columns) if column.type == pa.float64()]
