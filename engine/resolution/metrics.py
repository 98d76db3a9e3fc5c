"""Selected metrics, and validation of the monitored ones."""

from collections.abc import Iterator
from typing import assert_never, get_args

from engine.metrics.labels import COUNT_METRICS, RANKING_METRICS
from engine.metrics.names import scalar_names
from engine.resolution.report import Report
from engine.specs import (
    PROBABILITY_ACTIVATIONS,
    ClassMetric,
    LabelMetric,
    MetricName,
    NumberMetric,
    OutputActivation,
    PlateauSchedule,
    ReconstructionMetric,
    ScheduleSpec,
    Task,
    TrainingSpec,
)

# Larger confusion matrices are not readable, and one is recorded per epoch.
MAX_TABLE_CLASSES = 100
_TOP_K = {"top_2_accuracy": 2, "top_3_accuracy": 3, "top_5_accuracy": 5}
_PREFIX = "validation_"
_TEST_PREFIX = "test_"
_SCHEDULE_METRIC = "/schedule/metric"


def resolve_metrics(
    spec: TrainingSpec, task: Task, activation: OutputActivation, classes: int, report: Report
) -> tuple[MetricName, ...]:
    """Return the metrics: the requested ones, else the task's defaults."""
    if spec.metrics is None:
        return _default_metrics(task)
    available = _available_metrics(task)
    if spec.metrics == "all":
        return tuple(name for name in available if not _incompatibility(name, activation, classes))
    for index, name in enumerate(spec.metrics):
        reason = _incompatibility(name, activation, classes)
        if name not in available:
            detail = f"{name} is not a metric for {task}"
            report.problem(f"/metrics/{index}", "metric_and_task", detail)
        elif reason is not None:
            report.problem(f"/metrics/{index}", "metric_and_classes", reason)
    return tuple(dict.fromkeys(spec.metrics))


def _default_metrics(task: Task) -> tuple[MetricName, ...]:
    match task:
        case "classification":
            return ("accuracy",)
        case "multi_label":
            return ("accuracy", "subset_accuracy")
        case "regression" | "reconstruction":
            return ("rmse", "mae", "r2")
        case _:
            assert_never(task)


def _available_metrics(task: Task) -> tuple[MetricName, ...]:
    match task:
        case "classification":
            return get_args(ClassMetric)
        case "multi_label":
            return (*COUNT_METRICS, *RANKING_METRICS, *get_args(LabelMetric))
        case "regression":
            return get_args(NumberMetric)
        case "reconstruction":
            return get_args(ReconstructionMetric)
        case _:
            assert_never(task)


def _incompatibility(name: MetricName, activation: OutputActivation, classes: int) -> str | None:
    """Return why a metric is not meaningful for these outputs; None if it is."""
    if name in _TOP_K and _TOP_K[name] >= classes:
        return f"{name} is always 1 for {classes} classes"
    if name == "log_loss" and activation not in PROBABILITY_ACTIVATIONS:
        return f"log_loss needs probabilities, which {activation} outputs are not"
    if name == "confusion_matrix" and classes > MAX_TABLE_CLASSES:
        return f"confusion_matrix takes at most {MAX_TABLE_CLASSES} classes, not {classes}"
    return None


def check_monitored(
    spec: TrainingSpec, metrics: tuple[MetricName, ...] | None, report: Report
) -> None:
    """Check that early stopping and the schedule monitor a recorded value.

    Args:
        spec: the requested spec.
        metrics: the selected metrics; None if the task is unknown.
        report: receives problems.
    """
    stopping = spec.early_stopping
    if stopping is not None and stopping.patience is None and stopping.target_value is None:
        detail = "early stopping needs patience or target_value"
        report.problem("/early_stopping", "never_stops", detail)
    for pointer, name in _monitored(spec):
        if name.startswith(_TEST_PREFIX):
            detail = "nothing is chosen by the test rows; monitor a metric of the validation rows"
            report.problem(pointer, "test_metric", detail)
        elif name.startswith(_PREFIX) and spec.validation is None:
            detail = f'without validation rows there is no {name}; use "{name[len(_PREFIX) :]}"'
            report.problem(pointer, "no_validation", detail)
        elif name.startswith(_PREFIX) and pointer == _SCHEDULE_METRIC and not spec.has_validation:
            detail = (
                f'the final training after the folds has no {name}; use "{name[len(_PREFIX) :]}"'
            )
            report.problem(pointer, "no_validation", detail)
        elif metrics is not None and name not in _scalar_values(spec, metrics):
            detail = f"{name!r} is not recorded; use {', '.join(_scalar_values(spec, metrics))}"
            report.problem(pointer, "unknown_metric", detail)


def _monitored(spec: TrainingSpec) -> Iterator[tuple[str, str]]:
    if spec.early_stopping is not None:
        yield "/early_stopping/metric", spec.early_stopping.metric
    if isinstance(spec.schedule, PlateauSchedule) and spec.schedule.metric:
        yield _SCHEDULE_METRIC, spec.schedule.metric


def _scalar_values(spec: TrainingSpec, metrics: tuple[MetricName, ...]) -> tuple[str, ...]:
    """Return the names of all scalar values recorded per epoch."""
    names = ("loss", *scalar_names(metrics))
    if spec.validation is None:
        return names
    return (*names, *(_PREFIX + name for name in names))


def resolve_schedule(spec: TrainingSpec) -> ScheduleSpec:
    """Return the schedule with the default for its monitored metric filled in."""
    if not isinstance(spec.schedule, PlateauSchedule) or spec.schedule.metric:
        return spec.schedule
    metric = "validation_loss" if spec.has_validation else "loss"
    return spec.schedule.model_copy(update={"metric": metric})
