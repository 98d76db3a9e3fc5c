"""Checks of the values that mark the rows of a split."""

from collections.abc import Sequence

from engine.data.levels import describe_levels, known_levels, marks_validation, read_level
from engine.data.table import ColumnSchema, FileConventions, Level
from engine.data.value_reader import ValueReader, WrongValueError
from engine.errors import SpecProblem
from engine.resolution.report import Report

MAX_PROBLEMS = 20


def check_split_values(
    values: Sequence[Level] | None,
    column: ColumnSchema,
    words: FileConventions,
    pointer: str,
    report: Report,
) -> None:
    """Check that some rows have the values and some do not, as far as the schema shows it.

    Args:
        values: values that mark a row; None for the default ones.
        column: schema of the split column, which has no times.
        words: notation of the table's file, in which values are written.
        pointer: JSON pointer to the split, which has `column` and `values`.
        report: receives the problems: of an entry that is not one of the column's values, or of a
            side without rows.
    """
    reader, levels = ValueReader(words), known_levels(column)
    chosen = {level for level in levels or () if values is None and marks_validation(level)}
    problems = []
    for index, value in enumerate(values or ()):
        found = _find_value(reader, column, levels, value, f"{pointer}/values/{index}")
        if isinstance(found, SpecProblem):
            problems.append(found)
        else:
            chosen.add(found)
    report.problems += problems[:MAX_PROBLEMS]
    if problems or levels is None:
        return
    if not chosen:
        shown = describe_levels(levels, "")
        detail = f"no value of column {column.name!r} marks validation; list some of {shown}"
        report.problem(f"{pointer}/column", "no_row_selected", detail)
    elif chosen.issuperset(levels) and not column.missing:
        place = "column" if values is None else "values"
        detail = f"every row has one of these values in column {column.name!r}: none is left over"
        report.problem(f"{pointer}/{place}", "every_row_selected", detail)


def _find_value(
    reader: ValueReader,
    column: ColumnSchema,
    levels: tuple[Level, ...] | None,
    value: Level,
    pointer: str,
) -> Level | SpecProblem:
    """Return the level that an entry denotes; a problem if no row has it."""
    reason = f"no row has {value!r} in column {column.name!r}"
    try:
        found = read_level(reader, column.kind, value, levels or ())
    except WrongValueError as error:
        reason = f"{reason}: {error}"
    else:
        if found is None:
            detail = (
                f"{value!r} is a missing value of {column.name!r}; rows without a value are "
                "used for training"
            )
            return SpecProblem(pointer, "missing_value", detail)
        if levels is None or found in levels:
            return found
    known = "" if levels is None else f"; its values are {describe_levels(levels, value)}"
    return SpecProblem(pointer, "unknown_value", f"{reason}{known}")
