"""Checks of the columns that select the validation and test rows, before any row is read."""

from dataclasses import dataclass

from engine.data.levels import Part
from engine.data.table import ColumnSchema, Level, TableSchema, find_column
from engine.findings import patch
from engine.resolution.report import Report
from engine.resolution.split_values import check_both_parts, check_split_values
from engine.specs import ColumnValidation, TrainingSpec, split_columns


def check_split_columns(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check that each split column exists, is of a suitable kind, and is not a target."""
    for part, pointer in ((spec.validation, "/validation"), (spec.test, "/test")):
        for field, name in split_columns(part).items():
            _check_column(spec, f"{pointer}/{field}", name, table, report)
    _check_values(spec, table, report)


def _check_values(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check the values of columns that mark validation and test rows."""
    validation = _find_marks(spec.validation, "validation", table, report)
    test = _find_marks(spec.test, "test", table, report)
    if validation is not None and test is not None and validation.column == test.column:
        check_both_parts(validation.levels, test.levels, test.column, report)


@dataclass(frozen=True)
class _Marks:
    """A column and its levels that mark the rows of a part."""

    column: ColumnSchema
    levels: set[Level]


def _find_marks(spec: object, part: Part, table: TableSchema, report: Report) -> _Marks | None:
    """Return the levels that mark the rows of a part; None if there are none, or not all known."""
    if not isinstance(spec, ColumnValidation):
        return None
    column = find_column(table.columns, spec.column)
    if column is None or not _can_mark(column, table):
        return None
    levels = check_split_values(spec, part, column, table.words, report)
    return None if levels is None else _Marks(column, levels)


def _can_mark(column: ColumnSchema, table: TableSchema) -> bool:
    is_constant = column.distinct == 1 and not column.missing
    return column.kind != "time" and not is_constant and column.missing < table.rows


def _check_column(
    spec: TrainingSpec, pointer: str, name: str, table: TableSchema, report: Report
) -> None:
    column = find_column(table.columns, name)
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name!r}")
    elif name in spec.targets:
        report.problem(pointer, "target_as_split", f"{name!r} is a target")
    elif column.missing >= table.rows:
        report.problem(pointer, "empty_split", f"column {name!r} has no value in any row")
    elif pointer.endswith("/column"):
        _check_marking_column(column, pointer, table, report)
    elif pointer.endswith("/order_by"):
        _check_order(column, pointer, table, report)
    else:
        _check_groups(column, pointer, table, report)


def _check_marking_column(
    column: ColumnSchema, pointer: str, table: TableSchema, report: Report
) -> None:
    if column.kind == "time":
        detail = f"column {column.name!r} has times; to select its last rows, use order_by"
        report.problem(pointer, "split_by_time", detail)
    elif column.distinct == 1 and not column.missing:
        detail = f"column {column.name!r} has the same value in every row: one side would be empty"
        report.problem(pointer, "constant_split", detail)
    else:
        _report_missing(column, pointer, table, report)


def _check_order(column: ColumnSchema, pointer: str, table: TableSchema, report: Report) -> None:
    if column.kind not in {"numeric", "time"}:
        detail = f"order_by needs numbers or times; column {column.name!r} is {column.kind}"
        report.problem(pointer, "split_without_order", detail)
    else:
        _report_missing(column, pointer, table, report)


def _report_missing(column: ColumnSchema, pointer: str, table: TableSchema, report: Report) -> None:
    if column.missing:
        detail = f"{column.missing} of {table.rows} rows have no value and are used for training"
        report.info(pointer, "missing_split", detail)


def _check_groups(column: ColumnSchema, pointer: str, table: TableSchema, report: Report) -> None:
    if column.missing:
        detail = (
            f"{column.missing} of {table.rows} rows have no value in {column.name!r}; each is "
            "treated as a group of its own"
        )
        report.warning(pointer, "missing_group", detail)
    if column.distinct is not None and column.distinct + column.missing >= table.rows:
        detail = f"no two rows have the same value in {column.name!r}: every group has one row"
        report.info(pointer, "groups_of_one", detail, patch(("remove", pointer, None)))
