"""What a spec says of single columns: whether it can be."""

from collections.abc import Mapping, Sequence

from engine.data.table import ColumnKind, ColumnSchema, TableSchema
from engine.json_pointer import pointer_to
from engine.preprocessing.column_options import NO_OVERRIDES, is_coded
from engine.resolution.embeddings import categorical_of
from engine.resolution.report import Report
from engine.specs import ColumnPreprocessingSpec, PreprocessingSpec, TrainingSpec

_OF_ALL = ("missing", "fill_value", "missing_indicator")
_OPTIONS: Mapping[ColumnKind, tuple[str, ...]] = {
    "numeric": ("numeric", *_OF_ALL),
    "boolean": _OF_ALL,
    "categorical": ("categorical", "max_levels", "levels", "hash_buckets", *_OF_ALL),
    "time": ("time", *_OF_ALL),
    "text": ("hash_buckets", "missing", "missing_indicator"),
}


def check_overrides(
    spec: TrainingSpec, table: TableSchema, features: Sequence[ColumnSchema], report: Report
) -> None:
    """Every option must suit its column, and every constant those that it stands in for."""
    by_name = {column.name: column for column in table.columns}
    used = {column.name for column in features}
    for name, own in spec.preprocessing.columns.items():
        column = by_name.get(name)
        if column is None:
            report.problem(pointer_to(name), "unknown_column", f"there is no column {name!r}")
        elif name not in used:
            detail = f"column {name!r} is no feature: what is said of it has no effect"
            report.warning(pointer_to(name), "unused_column", detail)
        else:
            _check_options(column, own, report)
            _check_levels(column, own, report)
    for column in features:
        own = spec.preprocessing.columns.get(column.name, NO_OVERRIDES)
        check_fill_value(column, own, spec.preprocessing, report)
        _check_indicator(column, own, spec, report)
        _check_dropping(column, own, spec, table.rows, report)


def _check_options(column: ColumnSchema, own: ColumnPreprocessingSpec, report: Report) -> None:
    allowed = _OPTIONS[column.kind]
    for option in type(own).model_fields:
        if getattr(own, option) is not None and option not in allowed:
            detail = f"column {column.name!r} is {column.kind}: it can have {', '.join(allowed)}"
            report.problem(pointer_to(column.name, option), "option_and_kind", detail)
    encodings = (own.categorical, own.levels, own.max_levels)
    if own.hash_buckets is not None and any(given is not None for given in encodings):
        detail = "either its words are hashed, or it has categories"
        report.problem(pointer_to(column.name, "hash_buckets"), "hashed_category", detail)


def _check_levels(column: ColumnSchema, own: ColumnPreprocessingSpec, report: Report) -> None:
    seen: set[str] = set()
    for index, level in enumerate(own.levels or ()):
        if level in seen:
            detail = f"{level!r} is named twice"
            report.problem(pointer_to(column.name, "levels", index), "repeated_level", detail)
        seen.add(level)


def _check_indicator(
    column: ColumnSchema, own: ColumnPreprocessingSpec, spec: TrainingSpec, report: Report
) -> None:
    if own.missing_indicator and is_coded(column, own, categorical_of(spec.network)):
        detail = f"the embedding has a code of its own where {column.name!r} is missing"
        report.problem(pointer_to(column.name, "missing_indicator"), "coded_column", detail)


def _check_dropping(
    column: ColumnSchema,
    own: ColumnPreprocessingSpec,
    spec: TrainingSpec,
    rows: int,
    report: Report,
) -> None:
    """Rows that are left out are told of."""
    if not column.missing or (own.missing or spec.preprocessing.missing) != "drop_row":
        return
    pointer = (
        "/preprocessing/missing" if own.missing is None else pointer_to(column.name, "missing")
    )
    if column.missing >= rows:
        detail = f"column {column.name!r} has no value in any row: all of them would be left out"
        report.problem(pointer, "drops_all_rows", detail)
    else:
        detail = f"{column.missing} rows without {column.name!r} are left out"
        report.info(pointer, "rows_left_out", detail)


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
