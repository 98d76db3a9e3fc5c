"""What can be said of a split into training and validation rows before any row is read."""

from typing import assert_never

from engine.data.splits import count_validation_rows
from engine.data.table import ColumnSchema, TableSchema
from engine.resolution.memory import RowCounts
from engine.resolution.report import Report
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
    TrainingSpec,
)

# Of a column of one of these kinds, the values can be compared with those of the other.
_ALIKE = {"text": "categorical"}


def check_split_column(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """The column that says which rows are held out exists, can say so, and is not the target."""
    name = spec.split_column
    if name is None:
        return
    by_value = isinstance(spec.validation, ColumnValidation)
    pointer = "/validation/column" if by_value else "/validation/order_by"
    column = next((c for c in table.columns if c.name == name), None)
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name!r}")
    elif name == spec.target:
        report.problem(pointer, "target_as_split", f"{name!r} is the target")
    elif column.missing >= table.rows:
        report.problem(pointer, "empty_split", f"column {name!r} has no value in any row")
    elif by_value:
        _check_values(column, table, report)
    elif column.kind not in {"numeric", "time"}:
        detail = f"column {name!r} is {column.kind}: its rows are in no order"
        report.problem(pointer, "split_without_order", detail)


def _check_values(column: ColumnSchema, table: TableSchema, report: Report) -> None:
    pointer = "/validation/column"
    if column.kind == "time":
        detail = (
            f"column {column.name!r} has times; hold its last rows out by fraction and order_by"
        )
        report.problem(pointer, "split_by_time", detail)
    elif column.distinct == 1 and not column.missing:
        detail = f"column {column.name!r} is the same in every row: one side would be empty"
        report.problem(pointer, "constant_split", detail)
    elif column.missing:
        detail = f"{column.missing} of {table.rows} rows have no value and are trained on"
        report.info(pointer, "missing_split", detail)


def check_validation_table(
    spec: ResolvedSpec, table: TableSchema, other: TableSchema | None, report: Report
) -> None:
    """The dataset that validates has the columns that are trained on, of the same kinds."""
    if other is None:
        return
    needed = {spec.target, spec.sample_weight, *spec.features}
    pointer = "/validation/dataset_id"
    by_name = {column.name: column for column in other.columns}
    for ours in table.columns:
        if ours.name not in needed:
            continue
        theirs = by_name.get(ours.name)
        if theirs is None:
            report.problem(pointer, "missing_column", f"that dataset has no column {ours.name!r}")
        elif not _are_alike(ours, theirs, other.rows):
            detail = f"column {ours.name!r} is {theirs.kind} there, but {ours.kind} here"
            report.problem(pointer, "column_mismatch", detail)


def _are_alike(ours: ColumnSchema, theirs: ColumnSchema, rows: int) -> bool:
    """A column without any value has no kind to speak of."""
    same = _ALIKE.get(ours.kind, ours.kind) == _ALIKE.get(theirs.kind, theirs.kind)
    return same or theirs.missing >= rows


def count_rows(
    spec: ResolvedSpec,
    target: ColumnSchema,
    rows: int,
    other: TableSchema | None,
    report: Report,
) -> RowCounts:
    """How many rows are trained on and held out, at most.

    Args:
        spec: of the training.
        target: its column.
        rows: that have a target.
        other: the table that validates, if it is another one.
        report: of a side that would be empty.
    """
    if rows < 2:
        detail = f"training needs at least two rows with a target, there are {rows}"
        report.problem("/target", "too_few_rows", detail)
        return RowCounts(rows, 0, rows)
    validation = spec.validation
    match validation:
        case None:
            return RowCounts(rows, 0, rows)
        case ColumnValidation():
            return RowCounts(rows - 1, rows - 1, rows)
        case DatasetValidation():
            return _count_with(spec, rows, other, report)
        case FoldsValidation():
            return _count_folds(validation, rows, report)
        case FractionValidation():
            return _count_fraction(spec, validation, target, rows, report)
        case _:
            assert_never(validation)


def _count_with(
    spec: ResolvedSpec, rows: int, other: TableSchema | None, report: Report
) -> RowCounts:
    if other is None:
        return RowCounts(rows, 0, rows)
    missing = next((c.missing for c in other.columns if c.name == spec.target), 0)
    held_out = other.rows - missing
    if held_out < 1:
        detail = "no row of that dataset has a target"
        report.problem("/validation/dataset_id", "too_few_rows", detail)
    return RowCounts(rows, held_out, rows + held_out)


def _count_folds(validation: FoldsValidation, rows: int, report: Report) -> RowCounts:
    if validation.folds > rows:
        detail = f"{rows} rows cannot be dealt out to {validation.folds} folds"
        report.problem("/validation/folds", "too_few_rows", detail)
    # The last training is on all rows.
    return RowCounts(rows, -(-rows // validation.folds), rows)


def _count_fraction(
    spec: ResolvedSpec,
    validation: FractionValidation,
    target: ColumnSchema,
    rows: int,
    report: Report,
) -> RowCounts:
    stratified = (
        spec.task == "classification" and validation.stratify and validation.order_by is None
    )
    classes = (target.distinct or 1) if stratified else 1
    held_out = count_validation_rows(rows, validation.fraction, classes)
    if held_out < 1:
        detail = f"of {rows} rows none can be held out: every class needs a row to train on"
        report.problem("/validation", "too_few_rows", detail)
    return RowCounts(rows - max(held_out, 0), max(held_out, 0), rows)
