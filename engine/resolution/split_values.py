"""Checks of the values that mark validation and test rows."""

from collections.abc import Sequence

from engine.data.levels import Part, describe_levels, known_levels, marks_part
from engine.data.table import ColumnSchema, FileConventions, Level
from engine.data.value_reader import ValueReader
from engine.errors import SpecProblem
from engine.resolution.find_level import UnknownLevelError, find_level
from engine.resolution.report import Report
from engine.specs import ColumnValidation


def check_split_values(
    spec: ColumnValidation,
    part: Part,
    column: ColumnSchema,
    words: FileConventions,
    report: Report,
) -> set[Level] | None:
    """Check that some rows have the values and some do not, as far as the schema shows it.

    Args:
        spec: the column and the values that mark a row of the part; None for the default ones.
        part: the part whose rows are marked.
        column: schema of the column, which has no times.
        words: notation of the table's file, in which values are written.
        report: receives the problems: of an entry that is not one of the column's values, or of a
            side without rows.

    Returns:
        The levels that mark a row; None if there is a problem, or if not all levels are known.
    """
    levels = known_levels(column)
    if spec.values is None:
        chosen = {level for level in levels or () if marks_part(level, part)}
    else:
        found = _find_values(spec.values, part, column, words)
        problems = [one for one in found if isinstance(one, SpecProblem)]
        report.add_first(problems)
        if problems:
            return None
        chosen = {one for one in found if not isinstance(one, SpecProblem)}
    if levels is None:
        return None
    if not chosen:
        shown = describe_levels(levels, "")
        detail = f"no value of column {column.name!r} marks {part} rows; list some of {shown}"
        report.problem(f"/{part}/column", "no_row_selected", detail)
        return None
    if chosen.issuperset(levels) and not column.missing:
        field = "column" if spec.values is None else "values"
        detail = f"every row has one of these values in column {column.name!r}: none is left over"
        report.problem(f"/{part}/{field}", "every_row_selected", detail)
        return None
    return chosen


def check_both_parts(
    validation: set[Level], test: set[Level], column: ColumnSchema, report: Report
) -> None:
    """Check that rows are left for validation and for training if one column marks both parts.

    Args:
        validation: levels that mark a validation row.
        test: levels that mark a test row; these rows are set aside first.
        column: schema of the column, all of whose levels are known.
        report: receives the problem.
    """
    levels = known_levels(column) or ()
    if validation <= test:
        detail = f"the test rows, which are set aside first, are all of these in {column.name!r}"
        report.problem("/validation/column", "no_row_selected", detail)
    elif not column.missing and (validation | test).issuperset(levels):
        detail = (
            f"every row has a value of validation or test in column {column.name!r}: none is left "
            "for training"
        )
        report.problem("/validation/column", "every_row_selected", detail)


def _find_values(
    values: Sequence[Level], part: Part, column: ColumnSchema, words: FileConventions
) -> list[Level | SpecProblem]:
    """Return the level that each entry denotes; a problem if no row has it."""
    reader, levels = ValueReader(words), known_levels(column)
    return [
        _find_value(reader, column, levels, value, f"/{part}/values/{index}")
        for index, value in enumerate(values)
    ]


def _find_value(
    reader: ValueReader,
    column: ColumnSchema,
    levels: tuple[Level, ...] | None,
    value: Level,
    pointer: str,
) -> Level | SpecProblem:
    """Return the level that an entry denotes; a problem if no row has it."""
    try:
        found = find_level(reader, column, levels, value, "values")
    except UnknownLevelError as error:
        detail = f"no row has {value!r} in column {column.name!r}{error}"
        return SpecProblem(pointer, "unknown_value", detail)
    if found is None:
        detail = (
            f"{value!r} is a missing value of {column.name!r}; rows without a value are used for "
            "training"
        )
        return SpecProblem(pointer, "missing_value", detail)
    return found
