"""Statistics of the columns of a table, and notices: what intake found about it."""

from dataclasses import dataclass

from engine.data.table import ColumnKind

# Of a longer value, `top_values` has the first characters; a text column with one is free text
# unless it is stated to be categorical.
MAX_CATEGORY_LENGTH = 256


@dataclass(frozen=True)
class ColumnRecord:
    """Statistics of a column; None where they do not apply to its kind or are unknown.

    Attributes:
        top_values: the most frequent values as text, with their numbers of rows.
        levels: all distinct values as text; None if `top_values` has them all, or if there are too
            many to store.
    """

    name: str
    kind: ColumnKind
    missing: int
    distinct: int | None
    integral: bool
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    top_values: tuple[tuple[str, int], ...]
    time_format: str | None = None
    all_different: bool | None = None
    levels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Notice:
    """A notice about something intake changed or guessed; column is None for the whole file."""

    code: str
    detail: str
    column: str | None = None
