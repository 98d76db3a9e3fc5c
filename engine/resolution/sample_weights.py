"""TODO."""

from engine.data.table import TableSchema
from engine.resolution.report import Report
from engine.specs import Task, TrainingSpec


def check_class_weight(spec: TrainingSpec, task: Task, classes: int, report: Report) -> None:
    """Only classes have weights, and not all of them none."""
    weights = spec.class_weight
    if weights is None:
        return
    if task != "classification":
        report.problem("/class_weight", "not_classes", f"class_weight is not for {task}")
    elif weights != "balanced" and len(weights) >= classes and not any(weights.values()):
        report.problem("/class_weight", "all_zero", "one class must have a weight that is not 0")


def check_sample_weight(spec: TrainingSpec, table: TableSchema, report: Report) -> None:
    """A column of numbers, none missing, none negative, and not the target."""
    if spec.sample_weight is None:
        return
    column = next((c for c in table.columns if c.name == spec.sample_weight), None)
    name, pointer = repr(spec.sample_weight), "/sample_weight"
    if column is None:
        report.problem(pointer, "unknown_column", f"there is no column {name}")
    elif spec.sample_weight == spec.target:
        report.problem(pointer, "target_as_weight", f"{name} is the target")
    elif column.kind != "numeric":
        report.problem(pointer, "weight_not_numeric", f"column {name} is {column.kind}")
    elif column.missing:
        detail = f"column {name} has {column.missing} rows without a value"
        report.problem(pointer, "missing_weight", detail)
    elif column.minimum is not None and column.minimum < 0:
        detail = f"column {name} has {column.minimum:g}: a weight is not negative"
        report.problem(pointer, "negative_weight", detail)
