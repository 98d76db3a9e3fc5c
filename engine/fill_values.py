"""Constants that stand in for missing values: each must be of its column's kind."""

from engine.findings import Report
from engine.settling import pointer_to
from engine.specs import ColumnPreprocessingSpec, PreprocessingSpec
from engine.tables import ColumnSchema


def check_fill_value(
    column: ColumnSchema, own: ColumnPreprocessingSpec, spec: PreprocessingSpec, report: Report
) -> None:
    """Report a constant that cannot stand in for the missing values of this column.

    What is said for all columns need not suit one that has no missing value.
    """
    is_own = own.fill_value is not None
    if (own.missing or spec.missing) != "constant":
        if is_own:
            detail = 'it stands in for nothing unless missing is "constant"'
            report.warning(pointer_to(column.name, "fill_value"), "unused_fill_value", detail)
        return
    if own.fill_value is not None:
        reason = _object_to(column, own, own.fill_value)
        if reason is not None:
            report.problem(pointer_to(column.name, "fill_value"), "wrong_fill_value", reason)
    elif column.missing:
        reason = _object_to(column, own, spec.fill_value)
        if reason is not None:
            reason = f"{reason}; name one for this column alone"
            report.problem("/preprocessing/fill_value", "wrong_fill_value", reason)


def _object_to(
    column: ColumnSchema, own: ColumnPreprocessingSpec, value: float | str
) -> str | None:
    """Why the value cannot be one of the column's, if so."""
    name = f"column {column.name!r}"
    match column.kind:
        case "numeric" if isinstance(value, str):
            return f"{name} has numbers, {value!r} is none"
        case "time" if isinstance(value, str):
            return f"{name} has times: the constant is a number of seconds since 1970"
        case "boolean" if isinstance(value, str) or not 0 <= value <= 1:
            return f"{name} has truth values: the constant is a number from 0, false, to 1, true"
        case "categorical" if own.hash_buckets is None:
            if not isinstance(value, str):
                return f"{name} has categories: the constant is a text"
            if own.levels is not None and value not in own.levels:
                return f"{name} has no level {value!r}"
    return None
