"""What every format comes to: batches of raw columns, a bounded number of rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pyarrow as pa

from store.datasets.datasets import Notice

# How a column's cells are wanted: parsed to float64 while they are read, or as they stand.
Reading = Literal["number", "text", "typed"]


class WrongReadingError(Exception):
    """A column cannot be read as was hoped: it must be read again, otherwise.

    Attributes:
        column: its index.
        reading: how it can be read.
    """

    def __init__(self, column: int, reading: Reading = "text") -> None:
        self.column = column
        self.reading = reading
        super().__init__(f"column {column} must be read as {reading}")


@dataclass(frozen=True)
class RawColumn:
    """A column of a source.

    Attributes:
        name: as the file has it; it may be empty, repeated, or padded.
        type: text if its cells are text whose kind is to be found out, else the Arrow type.
    """

    name: str
    type: pa.DataType | None = None


class TableSource(Protocol):
    """An opened file of some format. Opening and reading raise IntakeError."""

    @property
    def columns(self) -> Sequence[RawColumn]:
        """From left to right; known before any row is read."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """What was detected, under the names of `ReadOptions`."""
        ...

    @property
    def notices(self) -> Sequence[Notice]:
        """What had to be changed or guessed."""
        ...

    def batches(self, readings: Sequence[Reading]) -> Iterator[pa.RecordBatch]:
        """All rows from the first, a few MiB at a time; may be called again.

        A column read as number is float64; as text, string or dictionary of string; typed, it is
        of its own Arrow type. Missing cells are null. Raises WrongReadingError, IntakeError.
        """
        ...

    def explain(self, column: int, text: str, expected: str) -> Exception:
        """The IntakeError for a cell that its stated kind does not allow, with its line."""
        ...
