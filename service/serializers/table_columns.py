"""The columns of a table that are features of a model, by the same rules as those of records."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from engine.arrays import Shape
from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.schemas.common import FieldProblem
from service.serializers.model_columns import (
    MAX_SUGGESTIONS,
    ColumnRules,
    ModelColumns,
    count_noun,
    explain_lacking,
)
from store.intake.cell_table import CellUse, FoundColumns

# Makes the problem of a column, or of the table if it has no name: code, detail, name.
Describe = Callable[[str, str, str | None], FieldProblem]


def check_columns(
    columns: ModelColumns, names: Iterable[str], rules: ColumnRules, describe: Describe
) -> None:
    """Check the columns of a table. Raises InvalidRowsError, naming up to 20 of them.

    Args:
        columns: columns of the model.
        names: columns of the table.
        rules: rules for columns that the table lacks, or has besides.
        describe: makes a problem.
    """
    present = dict.fromkeys(names)
    required, allowed = columns.find_required(rules), columns.find_allowed(rules)
    lacking = [name for name in columns.features if name in required and name not in present]
    absent = columns.list_absent([present], rules)
    unknown = [] if allowed is None else [name for name in present if name not in allowed]
    problems: list[FieldProblem] = []
    if lacking:
        problems.append(describe("missing_column", explain_lacking(lacking, "table"), None))
    for index, name in enumerate(absent[:MAX_PROBLEMS]):
        detail = columns.explain_absent(name, present, is_compared=index < MAX_SUGGESTIONS)
        problems.append(describe("missing_column", detail, None))
    for index, name in enumerate(unknown[:MAX_PROBLEMS]):
        detail = columns.explain_unknown(name, is_compared=index < MAX_SUGGESTIONS)
        problems.append(describe("unknown_column", detail, name))
    if problems:
        total = bool(lacking) + len(absent) + len(unknown)
        raise InvalidRowsError(problems[:MAX_PROBLEMS], total)


def assign_columns(
    found: FoundColumns,
    *,
    columns: ModelColumns,
    uses: Mapping[str, CellUse],
    shapes: Sequence[Shape],
    rules: ColumnRules,
) -> Mapping[int, tuple[str, CellUse]]:
    """Return name and use of each column of a file that is a feature, by index.

    The columns of a file without names are the features in order if there are as many, in the
    model's input shape if it is an array; otherwise they have the names that a dataset would give
    them. A column without a name beside others is not read, unless the model knows it by that name.

    Args:
        found: columns of the file.
        columns: columns of the model.
        uses: how the cells of each feature are read.
        shapes: shapes in which the values of a row may be nested.
        rules: rules for columns that the file lacks, or has besides.

    Raises:
        InvalidRowsError: columns are unknown, lack, or occur twice; the rows have another shape.
    """
    names = found.names
    if found.row_shape is not None:
        names = _name_cells(found.names, found.row_shape, columns, shapes)
    ignored = {name for name in found.unnamed if name not in columns.known}
    _check_repeated(found, columns)
    check_columns(columns, [name for name in names if name not in ignored], rules, _describe)
    return {index: (name, uses[name]) for index, name in enumerate(names) if name in uses}


def _name_cells(
    names: tuple[str, ...], shape: Shape, columns: ModelColumns, shapes: Sequence[Shape]
) -> tuple[str, ...]:
    """Return the features in order, or the names of the dataset. Raises InvalidRowsError."""
    count = len(columns.features)
    if shape == (count,) or shape in shapes:
        return columns.features
    if len(names) != count and columns.known.issuperset(names):
        return names
    size = " × ".join(map(str, shape))
    if len(shape) == 1:
        found, expected = count_noun(shape[0], "value"), count_noun(count, "feature")
        detail = f"each row has {found}, but the model has {expected}"
        code = "wrong_length"
    else:
        expected = " × ".join(map(str, shapes[0])) if shapes else str(count)
        detail = f"each row is an array of {size} values, but one of {expected} is expected"
        code = "wrong_shape"
    raise InvalidRowsError([_describe(code, detail, None)])


def _check_repeated(found: FoundColumns, columns: ModelColumns) -> None:
    for new, stated in found.repeated.items():
        if new not in columns.known:
            detail = f"several columns have the name {stated[:80]!r}"
            raise InvalidRowsError([_describe("repeated_column", detail, stated)])


def _describe(code: str, detail: str, name: str | None) -> FieldProblem:
    column = None if name is None else name[:80]
    shown = detail if name is None else f"column {column!r}: {detail}"
    return FieldProblem(pointer="", code=code, detail=shown, column=column)
