"""Findings about the missing values of the features: rows left out, values replaced."""

from collections.abc import Sequence

from engine.data.table import ColumnSchema
from engine.findings import describe_columns
from engine.json_pointer import json_pointer
from engine.preprocessing.column_options import NO_OVERRIDES, options_for
from engine.resolution.fixes import put
from engine.resolution.report import Report
from engine.specs import ResolvedPreprocessing, TrainingSpec


def report_missing_values(
    spec: TrainingSpec,
    preprocessing: ResolvedPreprocessing,
    features: Sequence[ColumnSchema],
    rows: int,
    report: Report,
) -> None:
    """Report the rows that drop_row leaves out, and values replaced without a stated choice.

    Args:
        spec: the requested spec.
        preprocessing: its preprocessing with the per-column defaults.
        features: schemas of the features.
        rows: number of rows of the table.
        report: receives findings, and a problem if no row would be left.
    """
    dropping, imputed = _split_by_option(preprocessing, features)
    _check_dropped_rows(spec, dropping, rows, report)
    if "missing" in spec.preprocessing.model_fields_set:
        return
    overrides = spec.preprocessing.columns
    unstated = [
        column
        for column in imputed
        if column.missing < rows and overrides.get(column.name, NO_OVERRIDES).missing is None
    ]
    if unstated:
        detail = (
            f"{_describe_lacking(unstated, rows)}: a missing number or time becomes the mean of "
            "the training rows, a missing category none; missing and missing_indicator choose "
            "otherwise"
        )
        report.info("/preprocessing/missing", "values_imputed", detail)


def report_missing_values_of_model(
    spec: TrainingSpec,
    preprocessing: ResolvedPreprocessing,
    features: Sequence[ColumnSchema],
    rows: int,
    report: Report,
) -> None:
    """Report the rows left out, and the values replaced, by the preprocessing of a model.

    The arguments are those of `report_missing_values`; the preprocessing is the model's.
    """
    dropping, imputed = _split_by_option(preprocessing, features)
    _check_dropped_rows(spec, dropping, rows, report)
    if imputed:
        detail = (
            f"{_describe_lacking(imputed, rows)}: the model's preprocessing replaces them, as it "
            "was fitted to the rows that the model was first trained on"
        )
        report.info("/preprocessing/missing", "values_imputed", detail)


def _split_by_option(
    preprocessing: ResolvedPreprocessing, features: Sequence[ColumnSchema]
) -> tuple[list[ColumnSchema], list[ColumnSchema]]:
    """Return the incomplete features whose rows are left out, and those that are imputed."""
    incomplete = [column for column in features if column.missing]
    drops = {c.name for c in incomplete if options_for(preprocessing, c.name).missing == "drop_row"}
    return (
        [column for column in incomplete if column.name in drops],
        [column for column in incomplete if column.name not in drops],
    )


def _describe_lacking(columns: Sequence[ColumnSchema], rows: int) -> str:
    lack = "lacks" if len(columns) == 1 else "lack"
    most = max(column.missing for column in columns)
    return f"{_describe(columns)} {lack} values in up to {most} of {rows} rows"


def _describe(columns: Sequence[ColumnSchema]) -> str:
    return describe_columns([column.name for column in columns])


def _check_dropped_rows(
    spec: TrainingSpec, columns: Sequence[ColumnSchema], rows: int, report: Report
) -> None:
    """Report the number of rows that drop_row leaves out, per setting that says so."""
    by_setting: dict[tuple[str, ...], list[ColumnSchema]] = {}
    for column in columns:
        override = spec.preprocessing.columns.get(column.name, NO_OVERRIDES)
        setting: tuple[str, ...] = ("preprocessing", "missing")
        if override.missing is not None:
            setting = ("preprocessing", "columns", column.name, "missing")
        by_setting.setdefault(setting, []).append(column)
    for setting, dropping in by_setting.items():
        empty = [column for column in dropping if column.missing >= rows]
        if empty:
            have = "has" if len(empty) == 1 else "have"
            detail = (
                f"{_describe(empty)} {have} no value in any row; drop_row would leave out all rows"
            )
            report.problem(json_pointer(*setting), "drops_all_rows", detail)
        else:
            most = max(column.missing for column in dropping)
            count = f"{most} rows" if len(dropping) == 1 else f"at least {most} rows"
            detail = f"{count} without a value in {_describe(dropping)} are left out"
            fix = put(spec, "mean", *setting)
            report.info(json_pointer(*setting), "rows_left_out", detail, fix)
