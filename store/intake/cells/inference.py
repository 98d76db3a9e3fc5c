"""Rules and results of column kind inference."""

from dataclasses import dataclass

from engine.data.table import ColumnKind, FileConventions
from engine.data.value_reader import ValueReader

EXPECTED: dict[ColumnKind, str] = {
    "numeric": "a number",
    "boolean": "true or false",
    "time": "a date or time",
}


@dataclass(frozen=True)
class Rules:
    """How a file's text cells are interpreted.

    Attributes:
        missing: missing-value markers.
        detects: whether further markers are detected.
        decimal: decimal mark of numbers.
        numbers: whether text is parsed as numbers even if the client does not state the kind.
        null_markers: markers that the source itself reads as null if no blanks surround them.
    """

    missing: tuple[str, ...]
    detects: bool
    decimal: str
    numbers: bool
    null_markers: tuple[str, ...] = ()

    @property
    def missing_numbers(self) -> frozenset[float]:
        """Missing-value markers that are numbers, such as −999."""
        return ValueReader(FileConventions(self.missing, self.decimal)).missing_numbers


@dataclass(frozen=True)
class InvalidCell:
    """A cell that does not fit its column's kind, and the expected value."""

    text: str
    expected: str
    code: str = "invalid_cell"


@dataclass(frozen=True)
class InferredKind:
    """The inferred kind of a text column.

    Attributes:
        kind: kind of the column; categorical for text, unless stated.
        time_format: format of its times.
        is_plain: whether its numbers can be parsed while the file is read.
        is_empty: whether it has no values.
        is_ambiguous: whether days and months could be exchanged.
        has_leading_zeros: whether some of its numbers look like codes.
        has_large_integers: whether it is text because float64 would change its whole numbers.
    """

    kind: ColumnKind
    time_format: str | None = None
    is_plain: bool = False
    is_empty: bool = False
    is_ambiguous: bool = False
    has_leading_zeros: bool = False
    has_large_integers: bool = False
