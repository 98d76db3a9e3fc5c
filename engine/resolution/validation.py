"""Checks of the validation split, and row counts, before any row is read."""

from typing import assert_never

from engine.data.splits import count_validation_rows
from engine.data.table import ColumnSchema, TableSchema, find_column
from engine.resolution.memory import RowCounts
from engine.resolution.report import Report
from engine.resolution.split_values import check_split_values
from engine.specs import (
    ColumnValidation,
    DatasetValidation,
    FoldsValidation,
    FractionValidation,
    ResolvedSpec,
    TrainingSpec,
)

# Kinds whose values can be compared with those of another kind.
_EQUIVALENT_KINDS = {"text": "categorical"}


def check_split_column(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check that the split column exists, is of a suitable kind, and is not the target."""
    name = spec.split_column
    if name is None:
        return
    validation = spec.validation
    is_by_value = isinstance(validation, ColumnValidation)
    pointer = "/validation/column" if is_by_value else "/validation/order_by"
    column = find_column(table.columns, name)
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name!r}")
    elif name == spec.target:
        report.problem(pointer, "target_as_split", f"{name!r} is the target")
    elif column.missing >= table.rows:
        report.problem(pointer, "empty_split", f"column {name!r} has no value in any row")
    elif isinstance(validation, ColumnValidation):
        _check_values(validation, column, table, report)
    elif column.kind not in {"numeric", "time"}:
        detail = f"order_by needs numbers or times; column {column.name!r} is {column.kind}"
        report.problem(pointer, "split_without_order", detail)


def _check_values(
    validation: ColumnValidation, column: ColumnSchema, table: TableSchema, report: Report
) -> None:
    pointer = "/validation/column"
    if column.kind == "time":
        detail = f"column {column.name!r} has times; to validate on its last rows, use order_by"
        report.problem(pointer, "split_by_time", detail)
    elif column.distinct == 1 and not column.missing:
        detail = f"column {column.name!r} has the same value in every row: one side would be empty"
        report.problem(pointer, "constant_split", detail)
    else:
        check_split_values(validation.values, column, table.words, "/validation", report)
        if column.missing:
            detail = (
                f"{column.missing} of {table.rows} rows have no value and are used for training"
            )
            report.info(pointer, "missing_split", detail)


def check_validation_table(
    spec: ResolvedSpec, table: TableSchema, validation_table: TableSchema | None, report: Report
) -> None:
    """Check that the validation dataset has the training columns, of the same kinds."""
    if validation_table is None:
        return
    needed = {spec.target, spec.sample_weight, *spec.features}
    pointer = "/validation/dataset_id"
    by_name = {column.name: column for column in validation_table.columns}
    for column in table.columns:
        if column.name not in needed:
            continue
        counterpart = by_name.get(column.name)
        if counterpart is None:
            report.problem(
                pointer, "missing_column", f"the validation dataset has no column {column.name!r}"
            )
        elif not _have_same_kind(column, counterpart, validation_table.rows):
            detail = (
                f"column {column.name!r} is {counterpart.kind} in the validation dataset, but "
                f"{column.kind} in the training dataset"
            )
            report.problem(pointer, "column_mismatch", detail)


def _have_same_kind(column: ColumnSchema, counterpart: ColumnSchema, rows: int) -> bool:
    """Return whether the kinds match; a column without any value matches every kind."""
    same = _EQUIVALENT_KINDS.get(column.kind, column.kind) == _EQUIVALENT_KINDS.get(
        counterpart.kind, counterpart.kind
    )
    return same or counterpart.missing >= rows


def count_rows(
    spec: ResolvedSpec,
    target: ColumnSchema,
    rows: int,
    validation_table: TableSchema | None,
    report: Report,
) -> RowCounts:
    """Return upper bounds on the training and validation rows.

    Args:
        spec: the training's spec.
        target: schema of the target column.
        rows: number of rows with a target.
        validation_table: schema of the validation table, if it is another dataset.
        report: receives a problem if one side would be empty.
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
            return _count_with_dataset(spec, rows, validation_table, report)
        case FoldsValidation():
            return _count_folds(validation, rows, report)
        case FractionValidation():
            return _count_fraction(spec, validation, target, rows, report)
        case _:
            assert_never(validation)


def _count_with_dataset(
    spec: ResolvedSpec, rows: int, validation_table: TableSchema | None, report: Report
) -> RowCounts:
    if validation_table is None:
        return RowCounts(rows, 0, rows)
    target = find_column(validation_table.columns, spec.target)
    validation_rows = validation_table.rows - (0 if target is None else target.missing)
    if validation_rows < 1:
        detail = "no row of the validation dataset has a target"
        report.problem("/validation/dataset_id", "too_few_rows", detail)
    return RowCounts(rows, validation_rows, rows + validation_rows)


def _count_folds(validation: FoldsValidation, rows: int, report: Report) -> RowCounts:
    if validation.folds > rows:
        detail = f"{rows} rows cannot be split into {validation.folds} folds"
        report.problem("/validation/folds", "too_few_rows", detail)
    # The final training is on all rows.
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
    validation_rows = count_validation_rows(rows, validation.fraction, classes)
    if validation_rows < 1:
        detail = f"{rows} rows are too few for validation: every class needs a training row"
        report.problem("/validation", "too_few_rows", detail)
    return RowCounts(rows - max(validation_rows, 0), max(validation_rows, 0), rows)
