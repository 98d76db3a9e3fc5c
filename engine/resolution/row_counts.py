"""Rows of each part of a training, before any row is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from engine.data.small_parts import few_rows
from engine.data.table import ColumnSchema, TableSchema
from engine.preprocessing.column_options import options_for
from engine.resolution.part_counter import Part, PartCounter, Span, SplitTables, count_labelled
from engine.resolution.report import Report
from engine.specs import DatasetValidation, FoldsValidation, ResolvedSpec


@dataclass(frozen=True)
class RowCounts:
    """Upper bounds on the rows of a training: column values are unknown before the data are read.

    Attributes:
        training: training rows of one network; with folds those of the final network.
        validation: validation rows of one network.
        total: rows of all parts together.
        test: test rows.
        unknown: parts that may have fewer rows.
    """

    training: int
    validation: int
    total: int
    test: int = 0
    unknown: frozenset[Part] = frozenset()


def count_rows(spec: ResolvedSpec, tables: SplitTables, report: Report) -> RowCounts:
    """Return upper bounds on the rows of each part; report a part that would be empty."""
    usable = count_labelled(tables.targets, tables.table.rows)
    rows = usable.most
    if rows < 2:
        pointer = "/target" if tables.targets else "/dataset_id"
        with_target = " with a target" if tables.targets else ""
        detail = f"training needs at least two rows{with_target}, there are {rows}"
        report.problem(pointer, "too_few_rows", detail)
        return RowCounts(rows, 0, rows)
    counter = PartCounter(spec, tables, report)
    test, elsewhere = counter.count(spec.test, usable, "test"), 0
    if isinstance(spec.test, DatasetValidation):
        rest, elsewhere = usable, test.most
    else:
        rest = usable.without(test)
    if rest.is_exact and rest.most < 2:
        detail = f"the test part leaves {rest.most} of {rows} rows; training needs at least two"
        report.problem("/test", "too_few_rows", detail)
    validation = counter.count(spec.validation, rest, "validation")
    match spec.validation:
        case DatasetValidation():
            training, elsewhere = rest, elsewhere + validation.most
        case FoldsValidation():
            training = rest
        case _:
            training = rest.without(validation)
    spans: dict[Part, Span] = {"training": training, "validation": validation, "test": test}
    _report_small_parts(spec, spans, report)
    return RowCounts(
        training=training.most,
        validation=validation.most,
        total=rows + elsewhere,
        test=test.most,
        unknown=_unknown(spec, tables, spans),
    )


def _unknown(spec: ResolvedSpec, tables: SplitTables, spans: dict[Part, Span]) -> frozenset[Part]:
    """Return the parts whose rows only the data show."""
    unknown = {part for part, span in spans.items() if not span.is_exact}
    others: dict[Part, TableSchema | None] = {
        "training": tables.table,
        "validation": tables.validation,
        "test": tables.test,
    }
    for part, table in others.items():
        if table is not None and _may_drop_rows(spec, table.columns):
            unknown |= set(spans) if part == "training" else {part}
    return frozenset(unknown)


def _may_drop_rows(spec: ResolvedSpec, columns: Iterable[ColumnSchema]) -> bool:
    features = set(spec.features)
    return any(
        column.missing and options_for(spec.preprocessing, column.name).missing == "drop_row"
        for column in columns
        if column.name in features
    )


def _report_small_parts(spec: ResolvedSpec, spans: dict[Part, Span], report: Report) -> None:
    """Report parts that have few rows at most; the worker reports those that only the rows show."""
    parts: list[Literal["validation", "test"]] = ["test"]
    if not isinstance(spec.validation, FoldsValidation):
        parts.insert(0, "validation")
    found = (few_rows(part, spans[part].most) for part in parts)
    report.findings += [finding for finding in found if finding is not None]
