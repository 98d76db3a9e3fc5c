"""What there is to say of a column of texts once its cells were looked at."""

from dataclasses import dataclass

from engine.data.table import ColumnKind

EXPECTED: dict[ColumnKind, str] = {
    "numeric": "a number",
    "boolean": "true or false",
    "time": "a date or time",
}


@dataclass(frozen=True)
class Rules:
    """How a file's texts are to be taken.

    Attributes:
        missing: markers of missing values.
        detects: whether further markers are looked for.
        decimal: before the fraction of a number.
        numbers: whether texts may be numbers though nobody says so.
        known: markers whose cells the source itself gives as null, where no blanks are around.
    """

    missing: tuple[str, ...]
    detects: bool
    decimal: str
    numbers: bool
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class InvalidCell:
    """A cell that its column's kind does not allow, and what is expected there."""

    text: str
    expected: str
    code: str = "invalid_cell"


@dataclass(frozen=True)
class InferredKind:
    """What a column of texts has turned out to be.

    Attributes:
        kind: of the column; of those of texts always categorical.
        time_format: if it is of times.
        is_plain: its numbers can be parsed while the file is read.
        is_empty: it has no value at all.
        is_ambiguous: its days may as well be its months.
        has_leading_zeros: some of its numbers look like codes.
    """

    kind: ColumnKind
    time_format: str | None = None
    is_plain: bool = False
    is_empty: bool = False
    is_ambiguous: bool = False
    has_leading_zeros: bool = False
