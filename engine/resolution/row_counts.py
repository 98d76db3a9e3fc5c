"""Rows of each part of a training, before any row is read."""

from dataclasses import dataclass
from typing import Literal

from engine.data.small_parts import few_rows
from engine.json_pointer import json_pointer
from engine.preprocessing.column_options import NO_OVERRIDES
from engine.resolution.part_counter import (
    Part,
    PartCounter,
    Span,
    SplitTables,
    count_usable,
    dropping,
)
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
        least_training: the fewest training rows of the final network.
    """

    training: int
    validation: int
    total: int
    test: int = 0
    unknown: frozenset[Part] = frozenset()
    least_training: int = 0


def count_rows(spec: ResolvedSpec, tables: SplitTables, report: Report) -> RowCounts:
    """Return upper bounds on the rows of each part; report a part that would be empty."""
    usable = count_usable(spec, tables.table)
    rows = usable.most
    if rows < 2:
        _report_too_few(spec, tables, rows, report)
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
        unknown=frozenset(part for part, span in spans.items() if not span.is_exact),
        least_training=max(training.fewest, 0),
    )


def _report_too_few(spec: ResolvedSpec, tables: SplitTables, rows: int, report: Report) -> None:
    """Report that fewer than two rows can be trained on, at the setting that leaves out most."""
    table = tables.table
    missing = max((target.missing for target in tables.targets), default=0)
    dropped = max(dropping(spec, table), key=lambda column: column.missing, default=None)
    if dropped is None or dropped.missing <= missing:
        pointer = "/target" if tables.targets else "/dataset_id"
        with_target = " with a target" if tables.targets else ""
        detail = f"training needs at least two rows{with_target}, there are {rows}"
        report.problem(pointer, "too_few_rows", detail)
    elif not any(problem.code == "drops_all_rows" for problem in report.problems):
        override = spec.preprocessing.columns.get(dropped.name, NO_OVERRIDES)
        own = () if override.missing is None else ("columns", dropped.name)
        detail = (
            f"training needs at least two rows; drop_row leaves at most {rows} of {table.rows}, as "
            f"{dropped.missing} have no value in column {dropped.name!r}: impute its missing "
            "values, such as by mean, or leave the column out of features"
        )
        report.problem(json_pointer("preprocessing", *own, "missing"), "too_few_rows", detail)


def _report_small_parts(spec: ResolvedSpec, spans: dict[Part, Span], report: Report) -> None:
    """Report parts that have few rows at most; the worker reports those that only the rows show."""
    parts: list[Literal["validation", "test"]] = ["test"]
    if not isinstance(spec.validation, FoldsValidation):
        parts.insert(0, "validation")
    found = (few_rows(part, spans[part].most) for part in parts)
    report.findings += [finding for finding in found if finding is not None]
