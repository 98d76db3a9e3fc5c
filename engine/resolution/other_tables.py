"""Checks of the validation dataset and the test dataset, before any row is read."""

from collections.abc import Collection

from engine.data.levels import describe_levels, known_levels
from engine.data.table import ColumnSchema, Level, TableSchema, find_column
from engine.resolution.certain_rows import find_certain_rows
from engine.resolution.report import Report
from engine.resolution.sample_weights import find_weight_problem
from engine.specs import ResolvedSpec

# Kinds whose values can be compared with those of another kind.
_EQUIVALENT_KINDS = {"text": "categorical"}


def check_other_table(
    spec: ResolvedSpec,
    table: TableSchema,
    other: TableSchema | None,
    part: str,
    report: Report,
) -> None:
    """Check that the dataset of a part has the training columns, of the same kinds.

    Args:
        spec: the resolved spec.
        table: schema of the training table.
        other: schema of the part's table; None if it is not another dataset.
        part: validation or test.
        report: receives problems.
    """
    if other is None:
        return
    needed = {*spec.targets, spec.sample_weight, *spec.features}
    pointer = f"/{part}/dataset_id"
    by_name = {column.name: column for column in other.columns}
    for column in table.columns:
        if column.name not in needed:
            continue
        counterpart = by_name.get(column.name)
        if counterpart is None:
            detail = f"the {part} dataset has no column {column.name!r}"
            report.problem(pointer, "missing_column", detail)
        elif not _have_same_kind(column, counterpart, other.rows):
            detail = (
                f"column {column.name!r} is {counterpart.kind} in the {part} dataset, but "
                f"{column.kind} in the training dataset"
            )
            report.problem(pointer, "column_mismatch", detail)
        elif column.name in spec.targets:
            _check_classes(spec, column, counterpart, part, report)
    weight = find_column(other.columns, spec.sample_weight or "")
    if weight is not None and weight.kind == "numeric":
        _check_weights(spec, weight, other, part, report)


def _check_classes(
    spec: ResolvedSpec, target: ColumnSchema, other: ColumnSchema, part: str, report: Report
) -> None:
    """Report classes of the part's dataset that the training dataset lacks."""
    classes = known_levels(target)
    new = () if spec.task == "regression" else find_new_classes(other, classes)
    if new:
        detail = (
            f"column {target.name!r} of the {part} dataset has classes that the training dataset "
            f"lacks: {describe_levels(new)}; its classes are {describe_levels(classes or ())}. "
            f"Leave their rows out of the {part} dataset, or add rows of them to the training "
            "dataset"
        )
        report.problem(f"/{part}/dataset_id", "new_class", detail)


def _check_weights(
    spec: ResolvedSpec, weight: ColumnSchema, table: TableSchema, part: str, report: Report
) -> None:
    """Report weights that the part's rows cannot have."""
    found = find_weight_problem(weight)
    # A row that is left out may have any weight.
    is_certain = weight.maximum == 0 or find_certain_rows(spec, table).used == table.rows
    if found is not None and is_certain:
        code, reason = found
        report.problem(f"/{part}/dataset_id", code, f"in the {part} dataset, {reason}")


def find_new_classes(column: ColumnSchema, classes: Collection[Level] | None) -> tuple[Level, ...]:
    """Return the levels of a target that are not among the classes; none if either is unknown."""
    levels = known_levels(column)
    if levels is None or classes is None:
        return ()
    return tuple(level for level in levels if level not in classes)


def _have_same_kind(column: ColumnSchema, counterpart: ColumnSchema, rows: int) -> bool:
    """Return whether the kinds match; a column without any value matches every kind."""
    same = _EQUIVALENT_KINDS.get(column.kind, column.kind) == _EQUIVALENT_KINDS.get(
        counterpart.kind, counterpart.kind
    )
    return same or counterpart.missing >= rows
