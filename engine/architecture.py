"""The network's and the loss's defaults, and which of them go together."""

from typing import assert_never

from engine.findings import Report
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    DenseSpec,
    GlorotUniform,
    HalfSquaredError,
    HeNormal,
    InitializerSpec,
    LossSpec,
    MeanSquaredError,
    NetworkSpec,
    OutputActivation,
    ResolvedDense,
    ResolvedNetwork,
    ResolvedOutput,
    Task,
    TrainingSpec,
)

_ACTIVATION_POINTER = "/network/output/activation"


def choose_output(spec: TrainingSpec, task: Task, classes: int, report: Report) -> OutputActivation:
    """The output's activation: as asked for, else the one that belongs to the loss or the task."""
    activation = spec.network.output.activation or _default_output(spec.loss, task, classes)
    if task == "regression" and activation == "softmax":
        detail = "softmax gives probabilities of classes; a number needs linear"
        report.problem(_ACTIVATION_POINTER, "softmax_regression", detail)
    if task == "regression" and activation == "sigmoid" and spec.preprocessing.target != "none":
        detail = (
            "sigmoid ends between 0 and 1, a standardized target does not; "
            'say "preprocessing": {"target": "none"}'
        )
        report.problem(_ACTIVATION_POINTER, "sigmoid_scaled_target", detail)
    return activation


def _default_output(loss: LossSpec | None, task: Task, classes: int) -> OutputActivation:
    if task == "regression":
        return "linear"
    match loss:
        case CrossEntropy():
            return "softmax"
        case BinaryCrossEntropy():
            return "sigmoid"
        case MeanSquaredError() | HalfSquaredError() | None:
            return "sigmoid" if classes == 2 else "softmax"
        case _:
            assert_never(loss)


def choose_loss(
    spec: TrainingSpec, task: Task, activation: OutputActivation, report: Report
) -> LossSpec:
    """The loss: as asked for if it goes with the output, else the output's own."""
    loss = spec.loss or _default_loss(activation, task)
    if isinstance(loss, CrossEntropy) and activation != "softmax":
        detail = f"cross_entropy needs a softmax output, this one is {activation}"
        report.problem("/loss", "loss_and_output", detail)
    if isinstance(loss, BinaryCrossEntropy):
        if activation != "sigmoid":
            detail = f"binary_cross_entropy needs a sigmoid output, this one is {activation}"
            report.problem("/loss", "loss_and_output", detail)
        if task != "classification":
            detail = "binary_cross_entropy needs classes as the target"
            report.problem("/loss", "loss_and_task", detail)
    return loss


def _default_loss(activation: OutputActivation, task: Task) -> LossSpec:
    if task == "regression":
        return MeanSquaredError()
    match activation:
        case "softmax":
            return CrossEntropy()
        case "sigmoid":
            return BinaryCrossEntropy()
        case "linear":
            return MeanSquaredError()
        case _:
            assert_never(activation)


def choose_units(
    spec: TrainingSpec, activation: OutputActivation, task: Task, classes: int, report: Report
) -> int:
    """One for a number, one for two classes told apart by a sigmoid, else one a class."""
    is_single = task == "regression" or (activation == "sigmoid" and classes == 2)
    units = 1 if is_single else classes
    if spec.network.output.units not in {None, units}:
        detail = f"the target and a {activation} output need {units} units"
        report.problem("/network/output/units", "wrong_units", detail)
    return units


def resolve_network(spec: NetworkSpec, activation: OutputActivation, units: int) -> ResolvedNetwork:
    """The network with activation, units and every initializer chosen."""
    return ResolvedNetwork(
        layers=tuple(_resolve_dense(layer) for layer in spec.layers),
        output=ResolvedOutput(
            activation=activation,
            units=units,
            use_bias=spec.output.use_bias,
            initializer=spec.output.initializer or GlorotUniform(),
        ),
    )


def _resolve_dense(layer: DenseSpec) -> ResolvedDense:
    default: InitializerSpec = HeNormal() if layer.activation == "relu" else GlorotUniform()
    return ResolvedDense(
        units=layer.units,
        activation=layer.activation,
        use_bias=layer.use_bias,
        initializer=layer.initializer or default,
    )
