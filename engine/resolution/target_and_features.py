"""Target, features and task of a spec, checked against the table's schema."""

import math
from collections.abc import Sequence

from engine.data.table import ColumnSchema, TableSchema, find_column, is_constant
from engine.findings import describe_columns, name_columns
from engine.preprocessing.column_plan import has_encoding
from engine.resolution.class_or_quantity import MAX_CLASSES, infer_task
from engine.resolution.fixes import hash_columns, list_features_of, use_columns
from engine.resolution.identifiers import leave_out_identifiers, report_identifiers
from engine.resolution.report import Alternative, Report
from engine.specs import MAX_FEATURES, ColumnValidation, Task, TrainingSpec, split_columns


def find_target(name: str, pointer: str, table: TableSchema, report: Report) -> ColumnSchema | None:
    """Return the target's column; None if it cannot be a target."""
    target = find_column(table.columns, name)
    if target is None:
        report.problem(pointer, "unknown_column", f"there is no column {name!r}")
        return None
    if target.kind == "text":
        detail = f"column {target.name!r} is free text; a target must have numbers or classes"
        report.problem(pointer, "text_target", detail)
        return None
    if target.kind == "time":
        detail = (
            f"column {target.name!r} has times; a target must have numbers or classes: to predict "
            "a time, upload it as a number, such as days since a date"
        )
        report.problem(pointer, "time_target", detail)
        return None
    return target


def choose_task(spec: TrainingSpec, target: ColumnSchema, rows: int, report: Report) -> Task | None:
    """Return the task: the requested one if the target allows it, else inferred from the target."""
    task = spec.task or infer_task(spec, target, rows, report)
    if task == "multi_label":
        detail = (
            f"multi_label predicts several columns with two values each, but {target.name!r} is a "
            "single one: list the columns in target, or use classification"
        )
        report.problem("/task", "single_label", detail)
        return None
    if task == "classification":
        return task if _can_be_classes(target, report) else None
    if target.kind != "numeric":
        detail = (
            f"regression needs numbers; column {target.name!r} is {target.kind}: leave task out to "
            f"predict classes, or upload the file with kind={target.name}:numeric"
        )
        report.problem("/task", "target_not_numeric", detail)
        return None
    if target.distinct == 1:
        detail = f"column {target.name!r} has the same number in every row"
        report.problem("/target", "constant_target", detail)
        return None
    return task


def _can_be_classes(target: ColumnSchema, report: Report) -> bool:
    if target.kind == "numeric" and not target.integral:
        detail = f"column {target.name!r} has numbers that are not whole and cannot be classes"
        report.problem("/task", "target_not_classes", detail)
    elif target.distinct is None or target.distinct > MAX_CLASSES:
        detail = f"column {target.name!r} has more than {MAX_CLASSES} classes, or very long ones"
        report.problem("/target", "too_many_classes", detail)
    elif target.distinct < 2:
        detail = f"column {target.name!r} has fewer than two classes"
        report.problem("/target", "one_class", detail)
    else:
        return True
    return False


def choose_features(
    spec: TrainingSpec, table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    """Return the feature columns, in the order of the network's inputs."""
    if spec.features is None:
        features = _default_features(spec, table, report)
    else:
        features = _named_features(spec, spec.features, table, report)
        report_identifiers(spec, table, features, report)
    _report_constant(spec, table, features, report)
    return features


def _report_constant(
    spec: TrainingSpec, table: TableSchema, features: Sequence[ColumnSchema], report: Report
) -> None:
    constant = [column.name for column in features if is_constant(column, table.rows)]
    if constant:
        have, carry = ("has", "carries") if len(constant) == 1 else ("each have", "carry")
        detail = (
            f"{describe_columns(constant)} {have} the same value in every row and {carry} no "
            "information"
        )
        unwanted = set(constant)
        fix = list_features_of(spec, [c.name for c in features if c.name not in unwanted])
        report.info("/features", "constant_feature", detail, fix)


def check_inputs(inputs: int, spec: TrainingSpec, report: Report) -> None:
    """Check the number of inputs: not 0, not above the limit, and equal to the shape's size."""
    if inputs > MAX_FEATURES:
        detail = f"the features become {inputs} inputs; at most {MAX_FEATURES} are allowed"
        report.problem("/features", "too_many_inputs", detail)
    if inputs == 0 and not any(p.pointer.startswith("/features") for p in report.problems):
        report.problem("/features", "no_inputs", "no feature has a value in any row")
    shape = spec.input_shape
    if shape is not None and math.prod(shape) != inputs:
        size = " · ".join(str(side) for side in shape)
        detail = f"there are {inputs} inputs, the shape has {size} = {math.prod(shape)} values"
        report.problem("/input_shape", "wrong_shape", detail)


def _default_features(
    spec: TrainingSpec, table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    excluded = {*spec.targets, spec.sample_weight, *_marker_columns(spec), *_group_columns(spec)}
    candidates = [column for column in table.columns if column.name not in excluded]
    features, identifiers = leave_out_identifiers(spec, table, candidates, report)
    texts = [
        column
        for column in candidates
        if column.name not in identifiers and not has_encoding(spec.preprocessing, column)
    ]
    if texts:
        _report_texts(spec, texts, report)
    if not features:
        detail = "no column besides the target has numbers, times, booleans or categories"
        report.problem("/features", "no_features", detail)
    _report_groups(spec, table, features, report)
    return features


def _report_texts(spec: TrainingSpec, texts: Sequence[ColumnSchema], report: Report) -> None:
    """Report the columns that are not features because they are not hashed."""
    are = "is" if len(texts) == 1 else "are"
    kind = "free text" if all(column.kind == "text" for column in texts) else "of too many texts"
    names = describe_columns([column.name for column in texts])
    hashed, fix = hash_columns(spec, texts)
    alternative = Alternative(
        hashed, fix, "set preprocessing.hash_buckets to hash the words", "hashing the words"
    )
    detail = f"{names} {are} {kind} and {are} left out"
    report.offer("info", "/features", "text_left_out", detail, alternative)


def _named_features(
    spec: TrainingSpec, names: tuple[str, ...], table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...]:
    by_name = {column.name: column for column in table.columns}
    selected: dict[str, ColumnSchema] = {}
    for index, name in enumerate(names):
        pointer = f"/features/{index}"
        column = by_name.get(name)
        if column is None:
            report.problem(pointer, "unknown_column", f"there is no column {name!r}")
        elif name in spec.targets:
            report.problem(pointer, "target_as_feature", f"{name!r} is a target")
        elif name == spec.sample_weight:
            report.problem(pointer, "weight_as_feature", f"{name!r} is the sample weight")
        elif name in _marker_columns(spec):
            part = _marker_columns(spec)[name]
            report.problem(pointer, "split_as_feature", f"{name!r} is the {part} column")
        elif name in selected:
            report.problem(pointer, "duplicate_feature", f"{name!r} is listed twice")
        elif not has_encoding(spec.preprocessing, column):
            detail = (
                f"column {name!r} is free text, which cannot be an input: leave it out, hash its "
                "words (hash_buckets in preprocessing), or upload it as categorical"
            )
            report.problem(pointer, "text_feature", detail)
        else:
            selected[name] = column
    return tuple(selected.values())


def _report_groups(
    spec: TrainingSpec, table: TableSchema, features: Sequence[ColumnSchema], report: Report
) -> None:
    """Report the columns that are not features by default because they name groups."""
    names = _group_columns(spec) - {*spec.targets, spec.sample_weight, *_marker_columns(spec)}
    found = [column for column in table.columns if column.name in names]
    if found:
        detail = (
            "left out of the features, as rows are grouped by it: "
            f"{name_columns([column.name for column in found])}; list it in features to train on it"
        )
        fix = use_columns(spec, [*features, *found])
        report.info("/features", "group_left_out", detail, fix)


def _marker_columns(spec: TrainingSpec) -> dict[str, str]:
    """Return the columns that mark the rows of a part, with the part.

    An `order_by` column may still be a feature.
    """
    parts = (("validation", spec.validation), ("test", spec.test))
    return {part.column: name for name, part in parts if isinstance(part, ColumnValidation)}


def _group_columns(spec: TrainingSpec) -> set[str]:
    """Return the columns that group the rows."""
    parts = (split_columns(spec.validation), split_columns(spec.test))
    return {part["group_by"] for part in parts if "group_by" in part}
