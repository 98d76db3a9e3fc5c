"""Rows of each part of a training, before any row is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from engine.data.small_parts import few_rows
from engine.data.splits import count_validation_rows
from engine.data.table import ColumnSchema, TableSchema, find_column
from engine.preprocessing.column_options import options_for
from engine.resolution.report import Report
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
    TestSpec,
    ValidationSpec,
)

Part = Literal["training", "validation", "test"]


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


@dataclass(frozen=True)
class SplitTables:
    """The schemas that the row counts follow from.

    Attributes:
        table: the training table.
        targets: schemas of the target columns; empty if the inputs are the target.
        validation: the validation table, if it is another dataset.
        test: the test table, if it is another dataset.
    """

    table: TableSchema
    targets: Sequence[ColumnSchema]
    validation: TableSchema | None = None
    test: TableSchema | None = None


@dataclass(frozen=True)
class _Span:
    """The fewest and the most rows that a part can have."""

    fewest: int
    most: int

    @classmethod
    def exactly(cls, rows: int) -> "_Span":
        return cls(rows, rows)

    def without(self, part: "_Span") -> "_Span":
        return _Span(self.fewest - part.most, self.most - part.fewest)

    @property
    def is_exact(self) -> bool:
        return self.fewest == self.most


def count_rows(spec: ResolvedSpec, tables: SplitTables, report: Report) -> RowCounts:
    """Return upper bounds on the rows of each part; report a part that would be empty."""
    usable = _count_labelled(tables.targets, tables.table.rows)
    rows = usable.most
    if rows < 2:
        pointer = "/target" if tables.targets else "/dataset_id"
        with_target = " with a target" if tables.targets else ""
        detail = f"training needs at least two rows{with_target}, there are {rows}"
        report.problem(pointer, "too_few_rows", detail)
        return RowCounts(rows, 0, rows)
    counter = _Counter(spec, tables, report)
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
    spans: dict[Part, _Span] = {"training": training, "validation": validation, "test": test}
    _report_small_parts(spec, spans, report)
    return RowCounts(
        training=training.most,
        validation=validation.most,
        total=rows + elsewhere,
        test=test.most,
        unknown=_unknown(spec, tables, spans),
    )


def _count_labelled(targets: Sequence[ColumnSchema], rows: int) -> _Span:
    """Return the rows that have every target; which rows lack several of them is unknown."""
    missing = [target.missing for target in targets]
    return _Span(max(rows - sum(missing), 0), rows - max(missing, default=0))


def _unknown(spec: ResolvedSpec, tables: SplitTables, spans: dict[Part, _Span]) -> frozenset[Part]:
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


def _report_small_parts(spec: ResolvedSpec, spans: dict[Part, _Span], report: Report) -> None:
    """Report parts that have few rows at most; the worker reports those that only the rows show."""
    parts: list[Literal["validation", "test"]] = ["test"]
    if not isinstance(spec.validation, FoldsValidation):
        parts.insert(0, "validation")
    found = (few_rows(part, spans[part].most) for part in parts)
    report.findings += [finding for finding in found if finding is not None]


@dataclass(frozen=True)
class _Counter:
    """Counts the rows of the validation or the test part."""

    spec: ResolvedSpec
    tables: SplitTables
    report: Report

    def count(self, selection: ValidationSpec | TestSpec | None, rows: _Span, part: Part) -> _Span:
        """Return the rows of a part that is selected from `rows` rows."""
        match selection:
            case None:
                return _Span.exactly(0)
            case ColumnValidation():
                return _Span(1, rows.most - 1)
            case DatasetValidation():
                return self._count_table(part)
            case FoldsValidation():
                return self._count_folds(selection, rows)
            case FractionValidation():
                return self._count_fraction(selection, rows, part)
            case _:
                assert_never(selection)

    def _count_table(self, part: Part) -> _Span:
        table = self.tables.test if part == "test" else self.tables.validation
        if table is None:
            return _Span.exactly(0)
        found = (find_column(table.columns, target.name) for target in self.tables.targets)
        rows = _count_labelled([target for target in found if target is not None], table.rows)
        if rows.most < 1:
            detail = f"no row of the {part} dataset has a target"
            self.report.problem(f"/{part}/dataset_id", "too_few_rows", detail)
        return rows

    def _count_folds(self, validation: FoldsValidation, rows: _Span) -> _Span:
        folds = validation.folds
        if folds + (validation.order_by is not None) > rows.most:
            detail = f"{rows.most} rows cannot be split into {folds} folds"
            if validation.order_by is not None:
                detail += " and the rows before the first one"
            self.report.problem("/validation/folds", "too_few_rows", detail)
        if validation.group_by is not None:
            self._require_groups(validation.group_by, folds, "validation")
            return _Span(1, max(rows.most - folds + 1, 1))
        if validation.order_by is not None:
            return self._count_blocks(validation.order_by, folds, rows)
        largest = -(-rows.most // folds)
        return _Span(largest if rows.is_exact else 1, largest)

    def _count_blocks(self, name: str, folds: int, rows: _Span) -> _Span:
        """Return the rows of one block in the order of a column."""
        column = find_column(self.tables.table.columns, name)
        if column is None:
            return rows
        distinct = column.distinct
        if distinct is not None and distinct <= folds:
            detail = (
                f"{folds} folds in order need at least {folds + 1} different values; column "
                f"{name!r} has {distinct}"
            )
            self.report.problem("/validation/order_by", "too_few_values", detail)
        if distinct == self.tables.table.rows and rows.is_exact:
            return _Span.exactly(rows.most // (folds + 1))
        return _Span(1, max(rows.most - folds, 1))

    def _count_fraction(self, selection: FractionValidation, rows: _Span, part: Part) -> _Span:
        if selection.group_by is not None:
            self._require_groups(selection.group_by, 2, part)
            return _Span(1, max(rows.most - 1, 1))
        stratified = (
            self.spec.task == "classification" and selection.stratify and selection.order_by is None
        )
        classes = (self.tables.targets[0].distinct or 1) if stratified else 1
        count = count_validation_rows(rows.most, selection.fraction, classes)
        if count < 1:
            detail = f"{rows.most} rows are too few for {part}: every class needs a training row"
            self.report.problem(f"/{part}", "too_few_rows", detail)
        count = max(count, 0)
        ordered = find_column(self.tables.table.columns, selection.order_by or "")
        is_exact = rows.is_exact and (ordered is None or ordered.missing == 0)
        return _Span(count if is_exact else min(count, 1), count)

    def _require_groups(self, name: str, needed: int, part: Part) -> None:
        """Report a problem if the column has fewer groups, less one if the test part takes some."""
        column = find_column(self.tables.table.columns, name)
        if column is None or column.distinct is None:
            return
        test = self.spec.test
        shared = isinstance(test, FractionValidation) and test.group_by == name
        needed += 1 if part == "validation" and shared else 0
        groups = column.distinct + column.missing
        if groups < needed:
            detail = f"column {name!r} has {groups} groups; at least {needed} are needed"
            self.report.problem(f"/{part}/group_by", "too_few_groups", detail)
