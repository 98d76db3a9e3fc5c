"""Which metrics are recorded, and whether those that training is steered by are among them."""

from collections.abc import Iterator
from typing import get_args

from engine.metrics.names import scalar_names
from engine.resolution.report import Report
from engine.specs import (
    ClassMetric,
    MetricName,
    NumberMetric,
    OutputActivation,
    PlateauSchedule,
    ScheduleSpec,
    Task,
    TrainingSpec,
)

# A table of more classes is no longer something to look at, every epoch.
MAX_TABLE_CLASSES = 100
_TOP = {"top_2_accuracy": 2, "top_3_accuracy": 3, "top_5_accuracy": 5}
_PREFIX = "validation_"
_SCHEDULE = "/schedule/metric"


def resolve_metrics(
    spec: TrainingSpec, task: Task, activation: OutputActivation, classes: int, report: Report
) -> tuple[MetricName, ...]:
    """What is recorded: as asked for if it goes with the target, else the task's usual ones."""
    if spec.metrics is None:
        return ("accuracy",) if task == "classification" else ("rmse", "mae", "r2")
    every = get_args(ClassMetric) if task == "classification" else get_args(NumberMetric)
    if spec.metrics == "all":
        return tuple(name for name in every if not _objection(name, activation, classes))
    for index, name in enumerate(spec.metrics):
        objection = _objection(name, activation, classes)
        if name not in every:
            detail = f"{name} is not for {task}"
            report.problem(f"/metrics/{index}", "metric_and_task", detail)
        elif objection is not None:
            report.problem(f"/metrics/{index}", "metric_and_classes", objection)
    return tuple(dict.fromkeys(spec.metrics))


def _objection(name: MetricName, activation: OutputActivation, classes: int) -> str | None:
    """Why a metric says nothing of these classes, if so."""
    if name in _TOP and _TOP[name] >= classes:
        return f"{name} of {classes} classes is always 1"
    if name == "log_loss" and activation not in {"softmax", "sigmoid"}:
        return f"log_loss is of probabilities, which {activation} outputs are not"
    if name == "confusion_matrix" and classes > MAX_TABLE_CLASSES:
        return f"a table of {classes} classes is too large, {MAX_TABLE_CLASSES} are the most"
    return None


def check_monitored(
    spec: TrainingSpec, metrics: tuple[MetricName, ...] | None, report: Report
) -> None:
    """Early stopping and the schedule can only watch what is recorded.

    Args:
        spec: as asked for.
        metrics: that are recorded; None when the task is unknown.
        report: of what is wrong.
    """
    stopping = spec.early_stopping
    if stopping is not None and stopping.patience is None and stopping.target_value is None:
        detail = "with neither patience nor target_value it never stops"
        report.problem("/early_stopping", "never_stops", detail)
    for pointer, name in _monitored(spec):
        if name.startswith(_PREFIX) and spec.validation is None:
            detail = f'without validation rows there is no {name}; use "{name[len(_PREFIX) :]}"'
            report.problem(pointer, "no_validation", detail)
        elif name.startswith(_PREFIX) and pointer == _SCHEDULE and not spec.holds_out:
            detail = (
                f'the training that follows the folds has no {name}; use "{name[len(_PREFIX) :]}"'
            )
            report.problem(pointer, "no_validation", detail)
        elif metrics is not None and name not in _names(spec, metrics):
            detail = f"{name!r} is not recorded; there are {', '.join(_names(spec, metrics))}"
            report.problem(pointer, "unknown_metric", detail)


def _monitored(spec: TrainingSpec) -> Iterator[tuple[str, str]]:
    if spec.early_stopping is not None:
        yield "/early_stopping/metric", spec.early_stopping.metric
    if isinstance(spec.schedule, PlateauSchedule) and spec.schedule.metric:
        yield _SCHEDULE, spec.schedule.metric


def _names(spec: TrainingSpec, metrics: tuple[MetricName, ...]) -> tuple[str, ...]:
    """Everything of one number that an epoch tells."""
    names = ("loss", *scalar_names(metrics))
    if spec.validation is None:
        return names
    return (*names, *(_PREFIX + name for name in names))


def resolve_schedule(spec: TrainingSpec) -> ScheduleSpec:
    """The schedule with what it watches filled in."""
    if not isinstance(spec.schedule, PlateauSchedule) or spec.schedule.metric:
        return spec.schedule
    metric = "validation_loss" if spec.holds_out else "loss"
    return spec.schedule.model_copy(update={"metric": metric})
