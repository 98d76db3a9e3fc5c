"""How much each row counts: its class's weight times its own."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.errors import DataError
from engine.findings import Report
from engine.fitted import ClassTarget
from engine.specs import ResolvedSpec, Task, TrainingSpec
from engine.tables import Column, Level, NumericColumn, TableSchema


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


def weigh_rows(
    spec: ResolvedSpec,
    columns: Mapping[str, Column],
    classes: ClassTarget | None,
    codes: Indices,
    training: Indices,
) -> Floats | None:
    """How much every row counts, `(rows,)`, mean 1 over the training rows; None if all alike.

    Args:
        spec: of the training.
        columns: by name.
        classes: of the target; None for a number.
        codes: index of each row's class, 0 for a number; −1 without a target: any weight will do.
        training: which rows are trained on.

    Raises:
        DataError: a class is unknown, a weight is missing or negative, or no row counts.
    """
    if spec.class_weight is None and spec.sample_weight is None:
        return None
    weights = np.ones(len(codes))
    if spec.class_weight is not None and classes is not None:
        weights = _class_weights(spec, classes, codes[training])[codes]
    if spec.sample_weight is not None:
        weights = weights * _sample_weights(columns, spec.sample_weight, codes >= 0)
    mean = float(weights[training].mean())
    if mean == 0:
        message = "no training row counts: class_weight and sample_weight make all of them 0"
        raise DataError(message)
    return (weights / mean).astype(spec.dtype)


def _class_weights(spec: ResolvedSpec, target: ClassTarget, codes: Indices) -> NDArray[np.float64]:
    """Weight of each class, shape `(classes,)`."""
    if spec.class_weight == "balanced":
        counts = np.bincount(codes, minlength=len(target.classes))
        # A class that no training row has needs no weight, and is not one of those to balance.
        return len(codes) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    asked = dict(spec.class_weight or {})
    weights = [asked.pop(_text(label), 1.0) for label in target.classes]
    if asked:
        known = ", ".join(_text(label) for label in target.classes)
        message = f"class_weight names {next(iter(asked))!r}; the classes are {known}"
        raise DataError(message)
    return np.array(weights)


def _text(label: Level) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _sample_weights(
    columns: Mapping[str, Column], name: str, used: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The column divided by its largest value, so that no sum of it is too large."""
    column = columns.get(name)
    if not isinstance(column, NumericColumn):
        message = f"there is no column {name!r} of numbers to weigh rows by"
        raise DataError(message)
    values = np.where(used, column.values, 0.0)
    if not (values >= 0).all():
        message = f"column {name!r} has a weight that is missing or negative"
        raise DataError(message)
    return values / (values.max() or 1.0)
