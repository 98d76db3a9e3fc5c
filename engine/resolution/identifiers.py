"""Columns that number or identify the rows: all values differ, so that they only name a row.

A file that is sorted or was collected class by class reveals the target in the number of the row,
but rows to predict are not in that file.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.data.table import ColumnSchema, TableSchema, is_constant
from engine.findings import describe_columns
from engine.json_pointer import column_pointer
from engine.preprocessing.column_plan import has_encoding
from engine.resolution.embeddings import categorical_of
from engine.resolution.fixes import list_features_of, use_columns
from engine.resolution.report import Report
from engine.specs import TrainingSpec, split_columns

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


@dataclass(frozen=True)
class _Identifiers:
    """The names of columns of one kind, and what is known of them."""

    kind: IdentifierKind
    names: tuple[str, ...]

    @property
    def description(self) -> str:
        """A clause that says why the columns are not features."""
        verb = "counts" if len(self.names) == 1 else "count"
        if self.kind == "row_number":
            return f"{verb} the rows or {'is' if verb == 'counts' else 'are'} their index"
        return "identifies the rows" if verb == "counts" else "identify the rows"


def leave_out_identifiers(
    spec: TrainingSpec, table: TableSchema, candidates: Sequence[ColumnSchema], report: Report
) -> tuple[tuple[ColumnSchema, ...], set[str]]:
    """Return the default features without those that number or identify the rows.

    They stay where the request needs them: if no other feature is left, if `preprocessing.columns`
    has options for them, and if the shape of the inputs or an embedding would lack them.

    Args:
        spec: the requested spec.
        table: schema of the table.
        candidates: the columns that may be features, with free text that is not hashed, which is
            not a feature.
        report: receives the findings.

    Returns:
        The features, and the names of all columns that are reported.
    """
    features = tuple(c for c in candidates if has_encoding(spec.preprocessing, c))
    found = _find(spec, table, candidates)
    stated = set(spec.preprocessing.columns)
    names = {name for group in found for name in group.names if name not in stated}
    remaining = tuple(column for column in features if column.name not in names)
    if not _suffices(spec, table, features, remaining):
        remaining = features
    kept = [column.name for column in remaining]
    for group in found:
        left = tuple(name for name in group.names if name not in kept)
        if left:
            _report_left_out(spec, _Identifiers(group.kind, left), candidates, kept, report)
        used = tuple(name for name in group.names if name in kept)
        if used:
            pointer = "/features" if not left else column_pointer(used[0])
            _report_used(spec, _Identifiers(group.kind, used), kept, pointer, report)
    return remaining, {name for group in found for name in group.names}


def report_identifiers(
    spec: TrainingSpec, table: TableSchema, features: tuple[ColumnSchema, ...], report: Report
) -> None:
    """Report the named features that number or identify the rows."""
    kept = [column.name for column in features]
    for group in _find(spec, table, features):
        _report_used(spec, group, kept, "/features", report)


def _suffices(
    spec: TrainingSpec,
    table: TableSchema,
    features: Sequence[ColumnSchema],
    remaining: Sequence[ColumnSchema],
) -> bool:
    """Return whether the remaining features are enough for the request's network."""
    if spec.input_shape is not None and math.prod(spec.input_shape) == len(features):
        return len(remaining) == len(features)
    if categorical_of(spec.network) == "embedding":
        return any(column.kind == "categorical" for column in remaining)
    return not all(is_constant(column, table.rows) for column in remaining)


def _report_left_out(
    spec: TrainingSpec,
    left: _Identifiers,
    candidates: Sequence[ColumnSchema],
    kept: Collection[str],
    report: Report,
) -> None:
    are, them = ("is", "it") if len(left.names) == 1 else ("are", "them")
    detail = (
        f"{describe_columns(left.names)} {left.description} and {are} left out: rows to predict "
        f"have other values; name {them} in features to use {them}"
    )
    wanted = {*kept, *left.names}
    fix = use_columns(spec, [column for column in candidates if column.name in wanted])
    report.info("/features", left.kind, detail, fix)


def _report_used(
    spec: TrainingSpec, used: _Identifiers, kept: Sequence[str], pointer: str, report: Report
) -> None:
    are = "is a feature" if len(used.names) == 1 else "are features"
    detail = (
        f"{describe_columns(used.names)} {used.description}, but {are}: in a file with an order "
        "this may reveal the target, and rows to predict have other values"
    )
    others = [name for name in kept if name not in used.names]
    report.warning(pointer, used.kind, detail, list_features_of(spec, others))


def _find(
    spec: TrainingSpec, table: TableSchema, features: Sequence[ColumnSchema]
) -> list[_Identifiers]:
    kinds: dict[IdentifierKind, list[str]] = {}
    parts = (split_columns(spec.validation), split_columns(spec.test))
    orders = {part.get("order_by") for part in parts}
    is_headless = all(_NAMELESS.fullmatch(column.name) for column in table.columns)
    for column in features:
        kind = _identifier_kind(column, table.rows, is_headless=is_headless)
        if kind is not None and column.name not in orders:
            kinds.setdefault(kind, []).append(column.name)
    return [_Identifiers(kind, tuple(names)) for kind, names in kinds.items()]


def _identifier_kind(
    column: ColumnSchema, rows: int, *, is_headless: bool
) -> IdentifierKind | None:
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
