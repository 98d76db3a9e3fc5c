"""Which losses, output activations and tasks go together, and what follows when one is left out."""

from engine.data.table import ColumnSchema
from engine.losses.build import fitting_outputs
from engine.resolution.report import Report
from engine.specs import (
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

# Losses for one task only; the others, errors of numbers, can be had for both.
_TASKS: dict[LossName, Task] = {
    "cross_entropy": "classification",
    "binary_cross_entropy": "classification",
    "hinge": "classification",
    "poisson": "regression",
    "gaussian": "regression",
}
_UNUSUAL: dict[tuple[LossName, OutputActivation], str] = {
    ("cross_entropy", "sigmoid"): "cross_entropy only raises the output of a row's class, and "
    "nothing in a sigmoid lowers the others; binary_cross_entropy does both",
    ("binary_cross_entropy", "softmax"): "binary_cross_entropy asks of each class on its own, "
    "softmax weighs them against each other; cross_entropy does too",
}


def resolve_output(
    spec: TrainingSpec, task: Task, classes: int, report: Report
) -> OutputActivation:
    """The output's activation: as asked for, else the one that belongs to the loss or the task."""
    activation = spec.network.output.activation or _default_output(spec.loss, task, classes)
    if task == "regression" and activation == "softmax":
        detail = "softmax gives probabilities of classes; a number needs another output"
        report.problem("/network/output/activation", "softmax_regression", detail)
    scaled = spec.preprocessing.target == "standardize"
    if task == "regression" and activation != "linear" and scaled:
        detail = (
            f"{activation} cannot give every standardized number; leave the target's scaling out"
        )
        report.problem("/preprocessing/target", "scaled_target", detail)
    return activation


def _default_output(loss: LossSpec | None, task: Task, classes: int) -> OutputActivation:
    by_task: OutputActivation = "linear"
    if task == "classification":
        by_task = "sigmoid" if classes == 2 else "softmax"
    if loss is None or _TASKS.get(loss.type) != task:
        return by_task
    return fitting_outputs(loss)[0]


def resolve_loss(
    spec: TrainingSpec, task: Task, activation: OutputActivation, report: Report
) -> LossSpec:
    """The loss: as asked for if it goes with task and output, else the output's own."""
    loss = spec.loss or _default_loss(activation, task)
    outputs = fitting_outputs(loss)
    if _TASKS.get(loss.type, task) != task:
        detail = f"{loss.type} is for {_TASKS[loss.type]}, this is {task}"
        report.problem("/loss", "loss_and_task", detail)
    elif activation not in outputs:
        detail = f"{loss.type} needs a {' or '.join(outputs)} output, this one is {activation}"
        report.problem("/loss", "loss_and_output", detail)
    elif task == "classification":
        reason = _UNUSUAL.get((loss.type, activation)) or _warning(loss, activation)
        if reason is not None:
            report.warning("/loss", "unusual_loss", reason)
    return loss


def _warning(loss: LossSpec, activation: OutputActivation) -> str | None:
    """What is wrong with an error of numbers where classes are to be told apart."""
    if loss.type in _TASKS:
        return None
    if activation in {"softmax", "sigmoid"}:
        own = _default_loss(activation, "classification").type
        return (
            f"with {loss.type} a {activation} output learns hardly anything from rows where it is "
            f"sure and wrong; {own} does not have that flaw"
        )
    return f"with {loss.type} a {activation} output gives scores of classes, no probabilities"


def _default_loss(activation: OutputActivation, task: Task) -> LossSpec:
    match activation, task:
        case "softmax", "classification":
            return CrossEntropy()
        case "sigmoid", "classification":
            return BinaryCrossEntropy()
        case "exponential", "regression":
            return Poisson()
        case _:
            return MeanSquaredError()


def resolve_units(
    spec: TrainingSpec,
    loss: LossSpec,
    activation: OutputActivation,
    classes: int,
    report: Report,
) -> int:
    """One a class, but one for two classes told apart by a sigmoid; one a number, or its two.

    Args:
        spec: units are checked if it has them.
        loss: gaussian has two outputs, the mean and the log variance.
        activation: of the output.
        classes: of the target; 0 for a number.
        report: of what is wrong.
    """
    if classes:
        # By its class's index, cross entropy finds the output of a row: one output has no second.
        is_single = activation == "sigmoid" and classes == 2 and not isinstance(loss, CrossEntropy)
        units = 1 if is_single else classes
    else:
        units = 2 if isinstance(loss, Gaussian) else 1
    if spec.network.output.units not in {None, units}:
        detail = f"the target, a {activation} output and {loss.type} need {units} units"
        report.problem("/network/output/units", "wrong_units", detail)
    return units


def check_target(loss: LossSpec, target: ColumnSchema, report: Report) -> None:
    """Counts are not negative."""
    if isinstance(loss, Poisson) and target.minimum is not None and target.minimum < 0:
        detail = f"poisson is for counts, column {target.name!r} has {target.minimum:g}"
        report.problem("/target", "negative_target", detail)
