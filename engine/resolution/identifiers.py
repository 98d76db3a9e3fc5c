"""Columns that number or identify the rows: all values differ, so that they only name a row.

A file that is sorted or was collected class by class reveals the target in the number of the row,
but rows to predict are not in that file.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from engine.data.table import ColumnSchema, TableSchema, is_constant
from engine.findings import describe_columns
from engine.json_pointer import column_pointer
from engine.preprocessing.column_plan import has_encoding
from engine.resolution.embeddings import categorical_of
from engine.resolution.fixes import list_features_of, use_columns
from engine.resolution.identifier_kinds import IdentifierKind, has_no_header, identifier_kind
from engine.resolution.report import Report
from engine.specs import TrainingSpec, split_columns


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
    wanted = [column for column in candidates if column.name in {*kept, *left.names}]
    are_encoded = all(has_encoding(spec.preprocessing, column) for column in wanted)
    use = f"name {them} in features{'' if are_encoded else ' and set hash_buckets'}"
    detail = (
        f"{describe_columns(left.names)} {left.description} and {are} left out: rows to predict "
        f"have other values; {use} to use {them}"
    )
    fix = use_columns(spec, wanted)
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
    is_headless = has_no_header(table)
    for column in features:
        kind = identifier_kind(column, table.rows, is_headless=is_headless)
        if kind is not None and column.name not in orders:
            kinds.setdefault(kind, []).append(column.name)
    return [_Identifiers(kind, tuple(names)) for kind, names in kinds.items()]
