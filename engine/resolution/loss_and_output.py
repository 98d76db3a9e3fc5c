"""Compatibility of losses, output activations and tasks, and their defaults."""

from collections.abc import Sequence
from typing import Any

from engine.data.table import ColumnSchema
from engine.losses.build import compatible_outputs
from engine.resolution.fixes import put
from engine.resolution.report import Report
from engine.resolution.targets import target_pointer
from engine.specs import (
    PROBABILITY_ACTIVATIONS,
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    LossName,
    LossSpec,
    MeanSquaredError,
    OutputActivation,
    Poisson,
    Task,
    TrainingSpec,
)

# Losses of certain tasks; error losses are for every task.
_TASKS: dict[LossName, tuple[Task, ...]] = {
    "cross_entropy": ("classification",),
    "binary_cross_entropy": ("classification", "multi_label"),
    "hinge": ("classification",),
    "poisson": ("regression",),
    "gaussian": ("regression",),
}
_UNUSUAL_PAIRS: dict[tuple[LossName, OutputActivation], str] = {
    ("cross_entropy", "sigmoid"): "cross_entropy only raises the output of the true class, and "
    "sigmoid outputs do not lower each other; binary_cross_entropy does both",
    ("binary_cross_entropy", "softmax"): "binary_cross_entropy treats classes as independent, "
    "but softmax outputs are not; use cross_entropy",
}


def resolve_output(
    spec: TrainingSpec, task: Task, classes: int, report: Report
) -> OutputActivation:
    """Return the output activation: the requested one, else the default of the loss or task."""
    activation = spec.network.output.activation or _default_output(spec.loss, task, classes)
    if task == "regression" and activation == "softmax":
        detail = "softmax outputs are class probabilities; regression needs another activation"
        report.problem("/network/output/activation", "softmax_regression", detail)
    if task == "multi_label" and activation != "sigmoid":
        detail = f"the outputs of several labels are sigmoid, one per label, not {activation}"
        report.problem("/network/output/activation", "multi_label_output", detail)
    scaled = spec.preprocessing.target == "standardize"
    if task == "regression" and activation != "linear" and scaled:
        detail = f"a {activation} output cannot reach every standardized target; set target to none"
        report.problem("/preprocessing/target", "scaled_target", detail)
    return activation


def _default_output(loss: LossSpec | None, task: Task, classes: int) -> OutputActivation:
    by_task: OutputActivation = "linear"
    if task == "classification":
        by_task = "sigmoid" if classes == 2 else "softmax"
    elif task == "multi_label":
        by_task = "sigmoid"
    if loss is None or task not in _TASKS.get(loss.type, ()):
        return by_task
    return compatible_outputs(loss)[0]


def resolve_loss(
    spec: TrainingSpec, task: Task, activation: OutputActivation, report: Report
) -> LossSpec:
    """Return the loss: the requested one, else the default of the output activation and task."""
    loss = spec.loss or _default_loss(activation, task)
    outputs = compatible_outputs(loss)
    if task not in _TASKS.get(loss.type, (task,)):
        detail = f"{loss.type} is a loss for {_TASKS[loss.type][0]}, but the task is {task}"
        report.problem("/loss", "loss_and_task", detail)
    elif activation not in outputs:
        detail = f"{loss.type} needs a {' or '.join(outputs)} output, not {activation}"
        report.problem("/loss", "loss_and_output", detail)
    elif task in {"classification", "multi_label"}:
        reason = _UNUSUAL_PAIRS.get((loss.type, activation)) or _warning(loss, activation)
        if reason is not None:
            report.warning("/loss", "unusual_loss", reason, _usual_loss(spec, activation))
    return loss


def _usual_loss(spec: TrainingSpec, activation: OutputActivation) -> dict[str, Any] | None:
    """Return the fix that sets the loss that suits the output, or softmax and cross entropy."""
    if activation in {"softmax", "sigmoid"}:
        return put(spec, _default_loss(activation, "classification").type, "loss")
    # Units that were requested suit the requested output.
    if spec.network.output.units is not None:
        return None
    usual = put(spec, "softmax", "network", "output", "activation")
    return {"patch": [*usual["patch"], *put(spec, "cross_entropy", "loss")["patch"]]}


def _warning(loss: LossSpec, activation: OutputActivation) -> str | None:
    """Return the drawback of an error loss for classification; None for other losses."""
    if loss.type in _TASKS:
        return None
    if activation in PROBABILITY_ACTIVATIONS:
        recommended = _default_loss(activation, "classification").type
        return (
            f"with {loss.type}, a {activation} output has almost no gradient on rows that are "
            f"confidently misclassified; {recommended} does not have this problem"
        )
    return f"with {loss.type}, {activation} outputs are class scores, not probabilities"


def _default_loss(activation: OutputActivation, task: Task) -> LossSpec:
    match activation, task:
        case "softmax", "classification":
            return CrossEntropy()
        case "sigmoid", "classification" | "multi_label":
            return BinaryCrossEntropy()
        case "exponential", "regression":
            return Poisson()
        case _:
            return MeanSquaredError()


def resolve_units(
    spec: TrainingSpec,
    loss: LossSpec,
    activation: OutputActivation,
    count: int,
    task: Task,
    report: Report,
) -> int:
    """Return the number of output units.

    One per class, or 1 for two classes with a sigmoid; one per target for regression and
    multi-label, two for Gaussian.

    Args:
        spec: its units are checked if set.
        loss: gaussian has two outputs per target, the mean and the log variance.
        activation: output activation.
        count: number of classes of the target; for other tasks, number of targets.
        task: the task.
        report: receives problems.
    """
    units = count
    if task == "classification":
        # Cross entropy indexes the outputs by class, so it needs an output for each of two classes.
        if activation == "sigmoid" and count == 2 and not isinstance(loss, CrossEntropy):
            units = 1
    elif isinstance(loss, Gaussian):
        units = 2 * count
    if spec.network.output.units not in {None, units}:
        noun = "target" if len(spec.targets) == 1 else f"{len(spec.targets)} targets"
        detail = f"the {noun}, a {activation} output and {loss.type} need {units} units"
        report.problem("/network/output/units", "wrong_units", detail)
    return units


def check_targets(loss: LossSpec, targets: Sequence[ColumnSchema], report: Report) -> None:
    """Check that the targets of a Poisson loss are not negative."""
    if not isinstance(loss, Poisson):
        return
    for index, target in enumerate(targets):
        if target.minimum is not None and target.minimum < 0:
            detail = f"poisson needs counts; column {target.name!r} has {target.minimum:g}"
            report.problem(target_pointer(index, len(targets)), "negative_target", detail)
