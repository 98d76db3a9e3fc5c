"""What a table's description says about a spec: its target, features and task."""

import math

from engine.data.table import ColumnSchema, TableSchema
from engine.resolution.report import Report
from engine.specs import MAX_FEATURES, ColumnValidation, Task, TrainingSpec

MAX_CLASSES = 1000
# A whole-number target with at most this many values is read as classes …
FEW_CLASSES = 20
# … if each comes up about this often; else three rows with 1, 2, 3 would be three classes.
ROWS_PER_CLASS = 10


def find_target(spec: TrainingSpec, table: TableSchema, report: Report) -> ColumnSchema | None:
    """The target's column, if it can be one."""
    target = next((c for c in table.columns if c.name == spec.target), None)
    if target is None:
        report.problem("/target", "unknown_column", f"there is no column {spec.target!r}")
        return None
    if target.kind == "text":
        detail = f"column {target.name!r} is free text; a target has numbers or classes"
        report.problem("/target", "text_target", detail)
        return None
    if target.kind == "time":
        detail = (
            f"column {target.name!r} has times; a target has numbers or classes: to predict a "
            "time, upload it as a number, such as days since a date"
        )
        report.problem("/target", "time_target", detail)
        return None
    if target.missing:
        detail = f"{target.missing} rows without a target are left out"
        report.warning("/target", "missing_target", detail)
    return target


def choose_task(spec: TrainingSpec, target: ColumnSchema, rows: int, report: Report) -> Task | None:
    """The task: as asked for if the target allows it, else from the target's kind."""
    task = spec.task or _default_task(target, rows, report)
    if task == "classification":
        return task if _can_be_classes(target, report) else None
    if target.kind != "numeric":
        detail = f"regression needs numbers, column {target.name!r} is {target.kind}"
        report.problem("/task", "target_not_numeric", detail)
        return None
    if target.distinct == 1:
        detail = f"column {target.name!r} has the same number in every row"
        report.problem("/target", "constant_target", detail)
        return None
    return task


def _default_task(target: ColumnSchema, rows: int, report: Report) -> Task:
    if target.kind != "numeric":
        return "classification"
    few = target.distinct is not None and target.distinct <= FEW_CLASSES
    if target.integral and few and rows >= ROWS_PER_CLASS * (target.distinct or 0):
        detail = (
            f"{target.name!r} has {target.distinct} whole numbers, which are taken as classes; "
            'say "task": "regression" to predict a number'
        )
        report.info("/task", "numbers_as_classes", detail)
        return "classification"
    return "regression"


def _can_be_classes(target: ColumnSchema, report: Report) -> bool:
    if target.kind == "numeric" and not target.integral:
        detail = f"column {target.name!r} has numbers that are not whole: no classes"
        report.problem("/task", "target_not_classes", detail)
    elif target.distinct is None or target.distinct > MAX_CLASSES:
        detail = f"column {target.name!r} has more than {MAX_CLASSES} classes"
        report.problem("/target", "too_many_classes", detail)
    elif target.distinct < 2:
        detail = f"column {target.name!r} has one class only; there is nothing to tell apart"
        report.problem("/target", "one_class", detail)
    else:
        return True
    return False


def choose_features(
    spec: TrainingSpec, table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    """The columns that the network is given, in the order of its inputs."""
    if spec.features is None:
        features = _default_features(spec, table, report)
    else:
        features = _named_features(spec, spec.features, table, report)
    for column in features:
        if column.missing >= table.rows or ((column.distinct or 0) == 1 and not column.missing):
            detail = f"column {column.name!r} is the same in every row and teaches nothing"
            report.info("/features", "constant_feature", detail)
    return features


def check_inputs(inputs: int, spec: TrainingSpec, report: Report) -> None:
    """Not too many inputs, not none, and as many as an image has values."""
    if inputs > MAX_FEATURES:
        detail = f"the columns become {inputs} inputs; at most {MAX_FEATURES} are allowed"
        report.problem("/features", "too_many_inputs", detail)
    if inputs == 0:
        report.problem("/features", "no_inputs", "the features have no value in any row")
    shape = spec.input_shape
    if shape is not None and math.prod(shape) != inputs:
        size = " · ".join(str(side) for side in shape)
        detail = f"there are {inputs} inputs, the shape has {size} = {math.prod(shape)} values"
        report.problem("/input_shape", "wrong_shape", detail)


def _default_features(
    spec: TrainingSpec, table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    taken = {spec.target, spec.sample_weight, _deciding_column(spec)}
    others = [column for column in table.columns if column.name not in taken]
    usable = tuple(column for column in others if _is_usable(column, spec))
    for column in others:
        if not _is_usable(column, spec):
            detail = (
                f"column {column.name!r} is free text and is left out; hash_buckets in "
                "preprocessing would hash its words"
            )
            report.info("/features", "text_left_out", detail)
    if not usable:
        detail = "no column besides the target holds numbers, times, truth values or categories"
        report.problem("/features", "no_features", detail)
    return usable


def _named_features(
    spec: TrainingSpec, names: tuple[str, ...], table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    by_name = {column.name: column for column in table.columns}
    chosen: dict[str, ColumnSchema] = {}
    for index, name in enumerate(names):
        pointer = f"/features/{index}"
        column = by_name.get(name)
        if column is None:
            report.problem(pointer, "unknown_column", f"there is no column {name!r}")
        elif name == spec.target:
            report.problem(pointer, "target_as_feature", f"{name!r} is the target")
        elif name == spec.sample_weight:
            report.problem(pointer, "weight_as_feature", f"{name!r} is the sample weight")
        elif name == _deciding_column(spec):
            detail = f"{name!r} says which rows are held out"
            report.problem(pointer, "split_as_feature", detail)
        elif name in chosen:
            report.problem(pointer, "duplicate_feature", f"{name!r} is named twice")
        elif not _is_usable(column, spec):
            detail = (
                f"column {name!r} is free text, which a network cannot read: leave it out, have "
                "its words hashed (hash_buckets in preprocessing), or upload it as categorical"
            )
            report.problem(pointer, "text_feature", detail)
        else:
            chosen[name] = column
    return tuple(chosen.values())


def _deciding_column(spec: TrainingSpec) -> str | None:
    """The column that says which rows are held out; one that only orders them may be a feature."""
    return spec.validation.column if isinstance(spec.validation, ColumnValidation) else None


def _is_usable(column: ColumnSchema, spec: TrainingSpec) -> bool:
    own = spec.preprocessing.columns.get(column.name)
    if own is not None and own.hash_buckets is not None:
        return True
    if column.kind == "categorical":
        return column.distinct is not None
    return column.kind != "text" or spec.preprocessing.hash_buckets is not None
