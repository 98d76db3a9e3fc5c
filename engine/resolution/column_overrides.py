"""Validation of per-column preprocessing overrides."""

from collections.abc import Mapping, Sequence

from engine.data.table import ColumnKind, ColumnSchema, TableSchema
from engine.json_pointer import column_pointer
from engine.preprocessing.column_options import NO_OVERRIDES
from engine.preprocessing.column_plan import ColumnPlan
from engine.resolution.embeddings import categorical_of
from engine.resolution.fixes import remove
from engine.resolution.report import Report
from engine.specs import ColumnPreprocessingSpec, TrainingSpec

_COMMON_OPTIONS = ("missing", "fill_value", "missing_indicator")
_OPTIONS_BY_KIND: Mapping[ColumnKind, tuple[str, ...]] = {
    "numeric": ("numeric", *_COMMON_OPTIONS),
    "boolean": _COMMON_OPTIONS,
    "categorical": ("categorical", "max_levels", "levels", "hash_buckets", *_COMMON_OPTIONS),
    "time": ("time", *_COMMON_OPTIONS),
    "text": ("hash_buckets", "missing", "missing_indicator"),
}


def check_overrides(
    spec: TrainingSpec, table: TableSchema, plans: Sequence[ColumnPlan], report: Report
) -> None:
    """Check that every option suits its column, and every fill value the values it replaces.

    Args:
        spec: the requested spec.
        table: schema of the training table.
        plans: plan of each feature.
        report: receives the problems.
    """
    by_name = {column.name: column for column in table.columns}
    used = {plan.name for plan in plans}
    overrides = spec.preprocessing.columns
    for name, override in overrides.items():
        column = by_name.get(name)
        if column is None:
            report.problem(column_pointer(name), "unknown_column", f"there is no column {name!r}")
        elif name not in used:
            detail = f"column {name!r} is not a feature; its options have no effect"
            fix = remove("preprocessing", "columns", name)
            report.warning(column_pointer(name), "unused_column", detail, fix)
        else:
            _check_options(column, override, report)
            _check_levels(column, override, report)
    for plan in plans:
        override = overrides.get(plan.name, NO_OVERRIDES)
        missing = by_name[plan.name].missing
        _check_fill_value(plan, override, missing, report)
        if categorical_of(spec.network) == "embedding":
            _check_indicator(plan, override, report)


def _check_options(column: ColumnSchema, override: ColumnPreprocessingSpec, report: Report) -> None:
    allowed = _OPTIONS_BY_KIND[column.kind]
    for option in type(override).model_fields:
        if getattr(override, option) is not None and option not in allowed:
            detail = (
                f"column {column.name!r} is {column.kind}; its options are {', '.join(allowed)}"
            )
            report.problem(column_pointer(column.name, option), "option_and_kind", detail)
    encodings = (override.categorical, override.levels, override.max_levels)
    if override.hash_buckets is not None and any(option is not None for option in encodings):
        detail = "hash_buckets cannot be combined with categorical, levels or max_levels"
        report.problem(column_pointer(column.name, "hash_buckets"), "hashed_category", detail)


def _check_levels(column: ColumnSchema, override: ColumnPreprocessingSpec, report: Report) -> None:
    seen: set[str] = set()
    for index, level in enumerate(override.levels or ()):
        if level in seen:
            detail = f"{level!r} is listed twice"
            report.problem(column_pointer(column.name, "levels", index), "repeated_level", detail)
        seen.add(level)


def _check_indicator(plan: ColumnPlan, override: ColumnPreprocessingSpec, report: Report) -> None:
    if override.missing_indicator and plan.inputs.encoding == "embedding":
        detail = f"the embedding already has a code for a missing value of {plan.name!r}"
        report.problem(column_pointer(plan.name, "missing_indicator"), "coded_column", detail)


def _check_fill_value(
    plan: ColumnPlan, override: ColumnPreprocessingSpec, missing: int, report: Report
) -> None:
    """Report a fill value that does not suit the column it applies to.

    The common fill value need not suit a column without missing values.
    """
    is_override = override.fill_value is not None
    if plan.options.missing != "constant":
        if is_override:
            detail = 'fill_value has no effect unless missing is "constant"'
            fix = remove("preprocessing", "columns", plan.name, "fill_value")
            pointer = column_pointer(plan.name, "fill_value")
            report.warning(pointer, "unused_fill_value", detail, fix)
        return
    reason = _fill_value_error(plan) if is_override or missing else None
    if reason is not None and is_override:
        report.problem(column_pointer(plan.name, "fill_value"), "wrong_fill_value", reason)
    elif reason is not None:
        reason = f"{reason}; set a fill_value for this column in preprocessing.columns"
        report.problem("/preprocessing/fill_value", "wrong_fill_value", reason)


def _fill_value_error(plan: ColumnPlan) -> str | None:
    """Return why the fill value cannot be a value of the column; None if it can."""
    name, value, levels = f"column {plan.name!r}", plan.options.fill_value, plan.options.levels
    match plan.kind:
        case "numeric" if isinstance(value, str):
            return f"{name} has numbers; {value!r} is not a number"
        case "time" if isinstance(value, str):
            return f"{name} has times; fill_value must be a number of seconds since 1970"
        case "boolean" if isinstance(value, str) or not 0 <= value <= 1:
            return f"{name} has booleans; fill_value must be from 0 (false) to 1 (true)"
        case "categorical" if plan.inputs.encoding != "hashed":
            if not isinstance(value, str):
                return f"{name} has categories; fill_value must be a text"
            if levels is not None and value not in levels:
                return f"{name} has no level {value!r}; add it to levels"
    return None
