"""Validation of class_weight and sample_weight."""

from engine.data.table import TableSchema, find_column
from engine.resolution.report import Report
from engine.specs import Task, TrainingSpec


def check_class_weight(spec: TrainingSpec, task: Task, classes: int, report: Report) -> None:
    """Check that class_weight is for classification, and not 0 for all classes."""
    weights = spec.class_weight
    if weights is None:
        return
    if task != "classification":
        detail = f"class_weight cannot be used for {task}"
        if task == "multi_label":
            detail += ", whose rows have a class per label; sample_weight gives each row a weight"
        report.problem("/class_weight", "not_classes", detail)
    elif weights != "balanced" and len(weights) >= classes and not any(weights.values()):
        report.problem("/class_weight", "all_zero", "at least one class must have a weight above 0")


def check_sample_weight(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """Check that sample_weight is a numeric column without missing or negative values."""
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
    elif column.missing:
        detail = f"column {name} has {column.missing} rows without a value"
        report.problem(pointer, "missing_weight", detail)
    elif column.minimum is not None and column.minimum < 0:
        detail = f"column {name} has {column.minimum:g}; weights must not be negative"
        report.problem(pointer, "negative_weight", detail)
