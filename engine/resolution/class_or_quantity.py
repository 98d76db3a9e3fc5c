"""Whether a target of whole numbers is taken for classes or for a quantity."""

import math

from engine.data.table import ColumnSchema
from engine.resolution.fixes import put
from engine.resolution.report import Alternative, Report
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    Hinge,
    Poisson,
    Task,
    TrainingSpec,
)

MAX_CLASSES = 1000
# Whole numbers with at most this many values are classes …
MAX_INFERRED_CLASSES = 20
# … if there are this many rows per value; else ten rows of ages would be classes.
MIN_ROWS_PER_CLASS = 10
# Codes 0 … k − 1 or 1 … k are rarely a quantity if each occurs repeatedly.
MIN_ROWS_PER_CODE = 3
# More codes are classes if the rows are spread over them evenly: a count or an age has few rows
# at its ends, letters and objects are collected in equal numbers.
MAX_INFERRED_CODES = 100
MIN_ROWS_PER_EVEN_CODE = 20
# Deviation from a uniform distribution: of the mean relative to k, of the standard deviation.
EVEN_MEAN, EVEN_STD = 0.05, 0.1


def infer_task(spec: TrainingSpec, target: ColumnSchema, rows: int, report: Report) -> Task:
    """Return the task that suits a target; a finding names the alternative if there is one.

    Args:
        spec: the requested spec, without a task.
        target: schema of the target column.
        rows: number of rows with a target.
        report: receives the finding.
    """
    if target.kind != "numeric":
        return "classification"
    if not target.integral or target.distinct is None or target.distinct > MAX_CLASSES:
        return "regression"
    implied = _implied_task(spec)
    if implied is not None:
        return implied
    if _are_classes(target, target.distinct, rows):
        detail = (
            f"{target.name!r} has {target.distinct} distinct whole numbers, which are treated as "
            "classes"
        )
        alternative = other_task(spec, "regression", "predict a number")
        report.offer("info", "/task", "numbers_as_classes", detail, alternative)
        return "classification"
    if target.distinct > 1:
        detail = (
            f"{target.name!r} has {target.distinct} distinct whole numbers in {rows} rows, which "
            "are treated as a quantity"
        )
        alternative = other_task(spec, "classification", "treat them as classes")
        report.offer("info", "/task", "numbers_as_quantity", detail, alternative)
    return "regression"


def other_task(spec: TrainingSpec, task: Task, purpose: str) -> Alternative:
    """Return the alternative of stating another task than the one that is inferred."""
    return Alternative(
        spec.model_copy(update={"task": task}),
        put(spec, task, "task"),
        f"set task to {task} to {purpose}",
        task,
    )


def _implied_task(spec: TrainingSpec) -> Task | None:
    """Return the task that the request's loss is for; None if it does not decide."""
    match spec.loss:
        case CrossEntropy() | BinaryCrossEntropy() | Hinge():
            return "classification"
        case Poisson() | Gaussian():
            return "regression"
        case _:
            return None


def _are_classes(target: ColumnSchema, values: int, rows: int) -> bool:
    if values <= MAX_INFERRED_CLASSES and rows >= MIN_ROWS_PER_CLASS * values:
        return True
    if values == 2:
        return rows >= 2 * values or _are_codes(target, values)
    if not _are_codes(target, values):
        return False
    if values <= MAX_INFERRED_CLASSES:
        return rows >= MIN_ROWS_PER_CODE * values
    is_frequent = rows >= MIN_ROWS_PER_EVEN_CODE * values
    return values <= MAX_INFERRED_CODES and is_frequent and _is_even(target, values)


def _are_codes(target: ColumnSchema, values: int) -> bool:
    """Return whether the values are 0 … k − 1 or 1 … k without a gap, or −1 and 1."""
    if target.minimum is None or target.maximum is None:
        return False
    if (target.minimum, target.maximum, values) == (-1, 1, 2):
        return True
    return target.minimum in {0, 1} and target.maximum - target.minimum == values - 1


def _is_even(target: ColumnSchema, values: int) -> bool:
    """Return whether mean and standard deviation of codes are those of equally frequent ones."""
    if target.mean is None or target.std is None or target.minimum is None:
        return False
    mean = target.minimum + (values - 1) / 2
    std = math.sqrt((values * values - 1) / 12)
    is_centered = abs(target.mean - mean) <= EVEN_MEAN * values
    return is_centered and abs(target.std - std) <= EVEN_STD * std
