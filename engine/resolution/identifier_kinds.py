"""Recognition of columns that number or identify the rows, by name and statistics."""

import re
from collections.abc import Sequence
from typing import Literal

from engine.data.table import ColumnSchema, TableSchema

# In fewer rows all-different values are usual: 1, 2, 3, 4 need not count the rows.
MIN_ROWS = 10
# A name such as id is evidence of its own.
MIN_NAMED_ROWS = 3
# Share of the rows that may lack an identifier.
MAX_MISSING = 0.1

IdentifierKind = Literal["row_number", "identifier"]

# The whole name in lower case, its words separated by one blank.
_INDEX_NAMES = re.compile(
    r"index|row|rows|row ?(id|no|nr|num|number|index)|line ?(no|nr|number)|level 0|index level \d+"
    r"|unnamed \d+( (level )?\d+)?|row ?names?|obs|observation|rec ?no|record|#|№"
)
_ID_NAMES = re.compile(
    r"idx|num|number|sn|sno|serial( number)?|case|"
    r"(customer|user|passenger|patient|order|product|item|sample|case|student|employee|client|"
    r"account|transaction|session|person|event|object|image|subject|record|member|invoice)"
    r"s?(id| number)"
)
# First or last words of a name, and last words.
_ID_WORDS = {"id", "ids", "uuid", "guid", "pk"}
_LAST_ID_WORDS = {"key", "no", "nr"}
# A column that counts and has one of these words is a time or the order of the rows.
_TIME_WORDS = {
    *("t", "time", "timestamp", "ts", "date", "datetime", "year", "yr", "quarter", "month"),
    *("week", "day", "days", "hour", "hours", "minute", "second", "seconds", "period", "step"),
    *("epoch", "age", "round", "iteration", "cycle"),
}
_NAMELESS = re.compile(r"column_\d+(_\d+)?")


def has_no_header(table: TableSchema) -> bool:
    """Return whether all names are made by the reader, as in a file without a header."""
    return all(_NAMELESS.fullmatch(column.name) for column in table.columns)


def identifier_kind(column: ColumnSchema, rows: int, *, is_headless: bool) -> IdentifierKind | None:
    """Return whether a column numbers or identifies the rows; None if it does neither."""
    if not _are_different(column, rows):
        return None
    words = split_words(column.name)
    name = " ".join(words)
    is_index = _INDEX_NAMES.fullmatch(name) is not None
    if _NAMELESS.fullmatch(column.name):
        # In a file without a header, every column has a name made by the reader.
        is_index = not is_headless
    if is_index and rows >= MIN_NAMED_ROWS:
        return "row_number"
    if _has_id_name(words) and rows >= MIN_NAMED_ROWS:
        return "row_number" if _counts(column, rows) else "identifier"
    if rows < MIN_ROWS:
        return None
    if column.kind == "categorical":
        return "identifier"
    return "row_number" if _counts(column, rows) and not _TIME_WORDS & set(words) else None


def _has_id_name(words: Sequence[str]) -> bool:
    if not words:
        return False
    is_id = bool({words[0], words[-1]} & _ID_WORDS) or words[-1] in _LAST_ID_WORDS
    return is_id or _ID_NAMES.fullmatch(" ".join(words)) is not None


def _are_different(column: ColumnSchema, rows: int) -> bool:
    """Return whether the column has whole numbers or categories that all differ."""
    if column.kind not in {"numeric", "categorical", "text"}:
        return False
    if column.kind == "numeric" and not column.integral:
        return False
    if column.missing > MAX_MISSING * rows:
        return False
    if column.all_different is not None:
        return column.all_different
    return column.distinct == rows - column.missing


def _counts(column: ColumnSchema, rows: int) -> bool:
    """Return whether all-different whole numbers count the rows, in any order."""
    if column.kind != "numeric" or column.missing or column.minimum is None:
        return False
    return column.maximum is not None and column.maximum - column.minimum == rows - 1


def split_words(name: str) -> list[str]:
    """Return the words of a name in lower case; underscores, signs and capitals separate them."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.findall(r"[#№]|[^\W_]+", spaced.lower()) if spaced.strip() else []
