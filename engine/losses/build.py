"""Loss factory."""

from typing import Any, assert_never, get_args

import numpy as np

from engine.activations import build_activation
from engine.losses.base import Loss
from engine.losses.binary_cross_entropy import SigmoidBinaryCrossEntropy
from engine.losses.cross_entropy import SmoothedSoftmaxCrossEntropy, SoftmaxCrossEntropy
from engine.losses.gaussian import GaussianLoss
from engine.losses.hinge import HingeLoss
from engine.losses.poisson import ExponentialPoisson, SoftplusPoisson
from engine.losses.robust import HuberLoss, LogCoshLoss, MeanAbsoluteErrorLoss, QuantileLoss
from engine.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from engine.losses.softmax_binary_cross_entropy import SoftmaxBinaryCrossEntropy
from engine.losses.squared_error import HalfSquaredErrorLoss, MeanSquaredErrorLoss
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    HalfSquaredError,
    Hinge,
    Huber,
    LogCosh,
    LossSpec,
    MeanAbsoluteError,
    MeanSquaredError,
    OutputActivation,
    Poisson,
    Quantile,
    ResolvedOutput,
)


def compatible_outputs(spec: LossSpec) -> tuple[OutputActivation, ...]:
    """Return the output activations compatible with a loss, its default first."""
    match spec:
        case CrossEntropy():
            return ("softmax", "sigmoid")
        case BinaryCrossEntropy():
            return ("sigmoid", "softmax")
        case Hinge() | Gaussian():
            return ("linear",)
        case Poisson():
            return ("exponential", "softplus")
        case _:
            every: tuple[OutputActivation, ...] = get_args(OutputActivation)
            return every


def build_loss(spec: LossSpec, output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    """Build a loss from its spec, fused with the output activation.

    Raises:
        ValueError: the loss is incompatible with the output.
    """
    if output.activation not in compatible_outputs(spec):
        message = f"{spec.type} is incompatible with a {output.activation} output"
        raise ValueError(message)
    match spec:
        case CrossEntropy():
            return _build_cross_entropy(spec.label_smoothing, output, dtype)
        case BinaryCrossEntropy():
            return _build_binary_cross_entropy(output, dtype)
        case Hinge():
            return HingeLoss(output.units, spec.margin, dtype)
        case Poisson():
            return _build_poisson(output, dtype)
        case Gaussian():
            return _build_gaussian(output, dtype)
        case _:
            return _build_error_loss(spec, output, dtype)


def _build_cross_entropy(smoothing: float, output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    _require_multiple_outputs(output)
    if output.activation == "sigmoid":
        return SigmoidCrossEntropy(output.units, smoothing, dtype)
    if smoothing:
        return SmoothedSoftmaxCrossEntropy(output.units, smoothing, dtype)
    return SoftmaxCrossEntropy(output.units, dtype)


def _build_binary_cross_entropy(output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    if output.activation == "sigmoid":
        return SigmoidBinaryCrossEntropy(output.units, dtype)
    _require_multiple_outputs(output)
    return SoftmaxBinaryCrossEntropy(output.units, dtype)


def _build_poisson(output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    if output.activation == "exponential":
        return ExponentialPoisson(output.units, dtype)
    return SoftplusPoisson(output.units, dtype)


def _build_gaussian(output: ResolvedOutput, dtype: np.dtype[Any]) -> Loss:
    if output.units % 2:
        message = f"gaussian needs a mean and a log variance per target, not {output.units} outputs"
        raise ValueError(message)
    return GaussianLoss(output.units, dtype)


def _require_multiple_outputs(output: ResolvedOutput) -> None:
    if output.units == 1:
        message = "this loss needs one output per class, not a single output"
        raise ValueError(message)


def _build_error_loss(
    spec: MeanSquaredError | HalfSquaredError | MeanAbsoluteError | Huber | LogCosh | Quantile,
    output: ResolvedOutput,
    dtype: np.dtype[Any],
) -> Loss:
    units, activation = output.units, build_activation(output.activation, dtype)
    match spec:
        case MeanSquaredError():
            return MeanSquaredErrorLoss(units, activation, dtype)
        case HalfSquaredError():
            return HalfSquaredErrorLoss(units, activation, dtype)
        case MeanAbsoluteError():
            return MeanAbsoluteErrorLoss(units, activation, dtype)
        case Huber():
            return HuberLoss(units, activation, spec.delta, dtype)
        case LogCosh():
            return LogCoshLoss(units, activation, dtype)
        case Quantile():
            return QuantileLoss(units, activation, spec.quantile, dtype)
        case _:
            assert_never(spec)


def takes_class_indices(loss: LossSpec) -> bool:
    """Return whether the loss takes class indices as targets rather than numbers."""
    return isinstance(loss, CrossEntropy | Hinge)
