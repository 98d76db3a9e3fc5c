"""Rows of the validation or the test part, before any row is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

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
class Span:
    """The fewest and the most rows that a part can have."""

    fewest: int
    most: int

    @classmethod
    def exactly(cls, rows: int) -> "Span":
        """Return the span of a known number of rows."""
        return cls(rows, rows)

    def without(self, part: "Span") -> "Span":
        """Return the rows that are left by a part."""
        return Span(self.fewest - part.most, self.most - part.fewest)

    @property
    def is_exact(self) -> bool:
        """Whether the number of rows is known."""
        return self.fewest == self.most


def count_usable(spec: ResolvedSpec, table: TableSchema) -> Span:
    """Return the rows that have every target and a value in every column that drops rows.

    Which rows lack several of them is unknown.
    """
    targets = (find_column(table.columns, name) for name in spec.targets)
    needed = [*(target for target in targets if target is not None), *dropping(spec, table)]
    missing = [column.missing for column in needed]
    return Span(max(table.rows - sum(missing), 0), table.rows - max(missing, default=0))


def dropping(spec: ResolvedSpec, table: TableSchema) -> Iterator[ColumnSchema]:
    """Yield the features whose rows without a value are left out."""
    features = set(spec.features)
    for column in table.columns:
        if not column.missing or column.name not in features:
            continue
        if options_for(spec.preprocessing, column.name).missing == "drop_row":
            yield column


@dataclass(frozen=True)
class PartCounter:
    """Counts the rows of the validation or the test part."""

    spec: ResolvedSpec
    tables: SplitTables
    report: Report

    def count(self, selection: ValidationSpec | TestSpec | None, rows: Span, part: Part) -> Span:
        """Return the rows of a part that is selected from `rows` rows."""
        match selection:
            case None:
                return Span.exactly(0)
            case ColumnValidation():
                return Span(1, rows.most - 1)
            case DatasetValidation():
                return self._count_table(part)
            case FoldsValidation():
                return self._count_folds(selection, rows)
            case FractionValidation():
                return self._count_fraction(selection, rows, part)
            case _:
                assert_never(selection)

    def _count_table(self, part: Part) -> Span:
        table = self.tables.test if part == "test" else self.tables.validation
        if table is None:
            return Span.exactly(0)
        rows = count_usable(self.spec, table)
        if rows.most < 1:
            drops = ", or each lacks a value in a column with drop_row"
            detail = f"no row of the {part} dataset has a target"
            detail += drops if any(dropping(self.spec, table)) else ""
            self.report.problem(f"/{part}/dataset_id", "too_few_rows", detail)
        return rows

    def _count_folds(self, validation: FoldsValidation, rows: Span) -> Span:
        folds = validation.folds
        if folds + (validation.order_by is not None) > rows.most:
            detail = f"{rows.most} rows cannot be split into {folds} folds"
            if validation.order_by is not None:
                detail += " and the rows before the first one"
            self.report.problem("/validation/folds", "too_few_rows", detail)
        if validation.group_by is not None:
            self._require_groups(validation.group_by, folds, "validation")
            return Span(1, max(rows.most - folds + 1, 1))
        if validation.order_by is not None:
            return self._count_blocks(validation.order_by, folds, rows)
        largest = -(-rows.most // folds)
        return Span(largest if rows.is_exact else 1, largest)

    def _count_blocks(self, name: str, folds: int, rows: Span) -> Span:
        """Return the rows of one block in the order of a column."""
        column = find_column(self.tables.table.columns, name)
        if column is None:
            return rows
        distinct = column.distinct
        is_ordered = column.kind in {"numeric", "time"}
        if is_ordered and distinct is not None and distinct <= folds:
            detail = (
                f"{folds} folds in order need at least {folds + 1} different values; column "
                f"{name!r} has {distinct}"
            )
            self.report.problem("/validation/order_by", "too_few_values", detail)
        if distinct == self.tables.table.rows and rows.is_exact:
            return Span.exactly(rows.most // (folds + 1))
        return Span(1, max(rows.most - folds, 1))

    def _count_fraction(self, selection: FractionValidation, rows: Span, part: Part) -> Span:
        if selection.group_by is not None:
            self._require_groups(selection.group_by, 2, part)
            return Span(1, max(rows.most - 1, 1))
        stratified = self.spec.task == "classification" and _is_stratified(selection)
        classes = (self.tables.targets[0].distinct or 1) if stratified else 1
        least = max(classes - self._count_unclassified(rows), 1)
        most = count_validation_rows(rows.most, selection.fraction, least)
        if most < 1:
            detail = f"{rows.most} rows are too few for {part}: every class needs a training row"
            self.report.problem(f"/{part}", "too_few_rows", detail)
        fewest = max(count_validation_rows(rows.most, selection.fraction, classes), 0)
        ordered = find_column(self.tables.table.columns, selection.order_by or "")
        is_exact = rows.is_exact and (ordered is None or ordered.missing == 0)
        return Span(fewest if is_exact else min(fewest, 1), max(most, 0))

    def _count_unclassified(self, rows: Span) -> int:
        """Return the least number of rows with a target that are left out whatever their class.

        Each of them may be the only one of its class.
        """
        test = self.spec.test
        if test is None or isinstance(test, DatasetValidation) or _is_stratified(test):
            rows = count_usable(self.spec, self.tables.table)
        labelled = self.tables.table.rows - sum(target.missing for target in self.tables.targets)
        return max(labelled - rows.most, 0)

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


def _is_stratified(part: ValidationSpec | TestSpec) -> bool:
    """Return whether the rows of a part are drawn class by class."""
    if not isinstance(part, FractionValidation):
        return False
    return part.stratify and part.order_by is None and part.group_by is None
