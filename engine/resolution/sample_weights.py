"""Validation of class_weight and sample_weight."""

from collections.abc import Iterator, Mapping, Sequence

from engine.data.levels import known_levels
from engine.data.table import ColumnSchema, FileConventions, Level, TableSchema, find_column
from engine.data.value_reader import ValueReader
from engine.errors import SpecProblem
from engine.json_pointer import json_pointer
from engine.resolution.find_level import UnknownLevelError, find_level
from engine.resolution.report import Report
from engine.specs import Task, TrainingSpec


def check_class_weight(
    spec: TrainingSpec,
    task: Task,
    targets: Sequence[ColumnSchema],
    words: FileConventions,
    report: Report,
) -> None:
    """Check that class_weight is for classification, names classes, and is not 0 for all of them.

    Args:
        spec: the requested spec.
        task: the training's task.
        targets: schemas of the target columns; one for classification.
        words: notation of the table's file, in which classes are named.
        report: receives the problems.
    """
    weights = spec.class_weight
    if weights is None:
        return
    if task != "classification":
        detail = f"class_weight cannot be used for {task}"
        if task == "multi_label":
            detail += ", whose rows have a class per label; sample_weight gives each row a weight"
        report.problem("/class_weight", "not_classes", detail)
    elif weights != "balanced":
        report.add_first(_find_class_problems(weights, targets[0], words))
        if len(weights) >= (targets[0].distinct or 0) and not any(weights.values()):
            detail = "at least one class must have a weight above 0"
            report.problem("/class_weight", "all_zero", detail)


def _find_class_problems(
    weights: Mapping[str, float], target: ColumnSchema, words: FileConventions
) -> Iterator[SpecProblem]:
    """Yield a problem for each name that is not a class of the target, or a class named before."""
    reader, levels = ValueReader(words), known_levels(target)
    named: dict[Level, str] = {}
    for name in weights:
        found = _find_class(reader, target, levels, name)
        if isinstance(found, SpecProblem):
            yield found
        elif found in named:
            detail = f"{named[found]!r} and {name!r} are the same class of {target.name!r}"
            yield SpecProblem(_pointer(name), "repeated_class", detail)
        else:
            named[found] = name


def _find_class(
    reader: ValueReader, target: ColumnSchema, levels: tuple[Level, ...] | None, name: str
) -> Level | SpecProblem:
    """Return the class of that name; a problem if there is none."""
    try:
        found = find_level(reader, target, levels, name, "classes")
    except UnknownLevelError as error:
        detail = f"column {target.name!r} has no class {name!r}{error}"
        return SpecProblem(_pointer(name), "unknown_class", detail)
    if found is None:
        detail = f"{name!r} is a missing value of {target.name!r}; its rows are left out"
        return SpecProblem(_pointer(name), "missing_class", detail)
    return found


def _pointer(name: str) -> str:
    return json_pointer("class_weight", name)


def check_sample_weight(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check that sample_weight is a numeric column whose values can be weights."""
    if spec.sample_weight is None:
        return
    column = find_column(table.columns, spec.sample_weight)
    name, pointer = repr(spec.sample_weight), "/sample_weight"
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name}")
    elif spec.sample_weight in spec.targets:
        report.problem(pointer, "target_as_weight", f"{name} is a target")
    elif column.kind != "numeric":
        report.problem(
            pointer, "weight_not_numeric", f"column {name} is {column.kind}, not numeric"
        )
    else:
        found = find_weight_problem(column)
        if found is not None:
            report.problem(pointer, *found)


def find_weight_problem(column: ColumnSchema) -> tuple[str, str] | None:
    """Return code and reason if a numeric column cannot be the weights of all its rows."""
    name = f"column {column.name!r}"
    if column.missing:
        return "missing_weight", f"{name} has {column.missing} rows without a value"
    if column.minimum is not None and column.minimum < 0:
        return "negative_weight", f"{name} has {column.minimum:g}; weights must not be negative"
    if column.maximum == 0:
        detail = f"every row has weight 0 in {name}: give at least one row a weight above 0"
        return "all_zero", detail
    return None
