"""Checks of the validation split, and row counts, before any row is read."""

from typing import assert_never

from engine.data.splits import count_validation_rows
from engine.data.table import ColumnSchema, TableSchema, find_column
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

# Kinds whose values can be compared with those of another kind.
_EQUIVALENT_KINDS = {"text": "categorical"}


def check_split_column(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check that the split column exists, is of a suitable kind, and is not the target."""
    name = spec.split_column
    if name is None:
        return
    is_by_value = isinstance(spec.validation, ColumnValidation)
    pointer = "/validation/column" if is_by_value else "/validation/order_by"
    column = find_column(table.columns, name)
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name!r}")
    elif name in spec.targets:
        report.problem(pointer, "target_as_split", f"{name!r} is a target")
    elif column.missing >= table.rows:
        report.problem(pointer, "empty_split", f"column {name!r} has no value in any row")
    elif is_by_value:
        _check_values(column, table, report)
    elif column.kind not in {"numeric", "time"}:
        detail = f"order_by needs numbers or times; column {column.name!r} is {column.kind}"
        report.problem(pointer, "split_without_order", detail)


def _check_values(column: ColumnSchema, table: TableSchema, report: Report) -> None:
    pointer = "/validation/column"
    if column.kind == "time":
        detail = f"column {column.name!r} has times; to validate on its last rows, use order_by"
        report.problem(pointer, "split_by_time", detail)
    elif column.distinct == 1 and not column.missing:
        detail = f"column {column.name!r} has the same value in every row: one side would be empty"
        report.problem(pointer, "constant_split", detail)
    elif column.missing:
        detail = f"{column.missing} of {table.rows} rows have no value and are used for training"
        report.info(pointer, "missing_split", detail)


def check_validation_table(
    spec: ResolvedSpec, table: TableSchema, validation_table: TableSchema | None, report: Report
) -> None:
    """Check that the validation dataset has the training columns, of the same kinds."""
    if validation_table is None:
        return
    needed = {*spec.targets, spec.sample_weight, *spec.features}
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
    targets: tuple[ColumnSchema, ...],
    rows: int,
    validation_table: TableSchema | None,
    report: Report,
) -> RowCounts:
    """Return upper bounds on the training and validation rows.

    Args:
        spec: the training's spec.
        targets: schemas of the target columns; empty if the inputs are the target.
        rows: number of rows with a target.
        validation_table: schema of the validation table, if it is another dataset.
        report: receives a problem if one side would be empty.
    """
    if rows < 2:
        pointer = "/target" if targets else "/dataset_id"
        with_target = " with a target" if targets else ""
        detail = f"training needs at least two rows{with_target}, there are {rows}"
        report.problem(pointer, "too_few_rows", detail)
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
            return _count_fraction(spec, validation, targets, rows, report)
        case _:
            assert_never(validation)


def _count_with_dataset(
    spec: ResolvedSpec, rows: int, validation_table: TableSchema | None, report: Report
) -> RowCounts:
    if validation_table is None:
        return RowCounts(rows, 0, rows)
    targets = (find_column(validation_table.columns, name) for name in spec.targets)
    # At least: the rows without different targets may be different ones.
    missing = max((target.missing for target in targets if target is not None), default=0)
    validation_rows = validation_table.rows - missing
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
    targets: tuple[ColumnSchema, ...],
    rows: int,
    report: Report,
) -> RowCounts:
    stratified = (
        spec.task == "classification" and validation.stratify and validation.order_by is None
    )
    classes = (targets[0].distinct or 1) if stratified else 1
    validation_rows = count_validation_rows(rows, validation.fraction, classes)
    if validation_rows < 1:
        detail = f"{rows} rows are too few for validation: every class needs a training row"
        report.problem("/validation", "too_few_rows", detail)
    return RowCounts(rows - max(validation_rows, 0), max(validation_rows, 0), rows)
