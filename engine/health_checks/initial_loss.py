"""The loss before the first step, compared with that of an untrained network."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.data.split_arrays import Batch
from engine.health_checks.best_constant import best_constant_loss, constant_loss
from engine.health_checks.training_start import TrainingStart
from engine.health_checks.verdict import Verdict
from engine.numerics.norms import finite_or_none
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    HalfSquaredError,
    Hinge,
    MeanSquaredError,
    Poisson,
    ResolvedSpec,
)

# Enough rows that chance alone changes the ratio by a few percent at most.
_MOST_ROWS = 1024
# Highest ratios that pass, and highest that only warn. Measured: 240 trainings with the default
# initializers and standardized data: at most 3.4, and 11 for squared errors, since the variance of
# the untrained outputs adds to that of the targets.
PASSING_RATIO, WARNING_RATIO = 5.0, 50.0
PASSING_SQUARED, WARNING_SQUARED = 15.0, 150.0
# Zero outputs whose loss is above this multiple of the best constant's are far from the targets.
_FAR_FROM_ZERO = 3.0
_SQUARED = (MeanSquaredError, HalfSquaredError, Gaussian, Poisson)
# Losses that are known up to a constant, so that they may be negative, are compared in nats.
_LIKELIHOODS = (Poisson, Gaussian)


@dataclass(frozen=True)
class InitialLossCheck:
    """The loss of the initial weights in training mode, without penalties.

    Attributes:
        verdict: passed if the loss is at most 5 times the expectation, 15 times for squared errors
            and likelihoods; failed above 10 times as much, or if it is not finite. Warning between,
            and if the targets of a regression are far from 0, where untrained outputs are.
        detail: the result, and the remedy.
        rows: training rows of which the loss is the mean, at equal distances.
        loss: their loss; None if it is not finite.
        expectation: name of the expected value, such as "ln 3".
        expected: loss of outputs that know nothing of the inputs.
        best_constant: lowest loss of a constant prediction, such as the entropy of the class
            shares; None if unknown.
        ratio: loss / expected; for poisson and gaussian, whose zero is arbitrary,
            1 + (loss − expected) / max(1, |expected|).
        name: the check.
    """

    verdict: Verdict
    detail: str
    rows: int = 0
    loss: float | None = None
    expectation: str | None = None
    expected: float | None = None
    best_constant: float | None = None
    ratio: float | None = None
    name: Literal["initial_loss"] = "initial_loss"


def check_initial_loss(start: TrainingStart) -> InitialLossCheck:
    """Compare the loss of the initial weights with ln K, the variance, or the best constant's."""
    if start.weights is not None:
        detail = "the training starts from trained weights, whose loss has no expected value"
        return InitialLossCheck("not_applicable", detail)
    batch = start.sample(_MOST_ROWS)
    loss, constant = _initial_loss(start, batch), _best_constant(start, batch)
    expectation, expected = _expectation(start, batch, constant)
    ratio = _ratio(start.spec, loss, expected)
    is_far = _is_far_from_zero(start, batch, constant)
    verdict = _verdict(start.spec, loss, ratio, is_far=is_far)
    return InitialLossCheck(
        verdict=verdict,
        detail=_detail(verdict, loss, expectation, expected, is_far=is_far),
        rows=len(batch.x),
        loss=finite_or_none(loss),
        expectation=expectation,
        expected=expected,
        best_constant=constant,
        ratio=None if ratio is None else finite_or_none(ratio),
    )


def _initial_loss(start: TrainingStart, batch: Batch) -> float:
    step = start.new_step()
    step.network.begin_step(0)
    with np.errstate(all="ignore"):
        return step.loss.forward(step.network.forward(batch.x), batch.y, batch.weights)


def _best_constant(start: TrainingStart, batch: Batch) -> float | None:
    return best_constant_loss(start.spec.loss, start.output, batch.y, batch.weights)


def _expectation(
    start: TrainingStart, batch: Batch, constant: float | None
) -> tuple[str, float | None]:
    """Return name and value of the expected loss; None if it is unknown."""
    spec, output = start.spec, start.output
    match spec.loss, output.activation:
        case CrossEntropy(), "softmax":
            name = f"ln {output.units}"
        case CrossEntropy() | BinaryCrossEntropy(), "sigmoid":
            name = "ln 2"
        case BinaryCrossEntropy(), _:
            name = f"the loss of {output.units} equal probabilities"
        case Hinge(), _:
            name = "the loss of equal scores"
        case MeanSquaredError(), _:
            return "variance of the scaled target", constant
        case HalfSquaredError(), _:
            return "half the variance of the scaled target", constant
        case _:
            return "the loss of the best constant prediction", constant
    zeros = np.zeros(output.units)
    return name, finite_or_none(constant_loss(spec.loss, output, zeros, batch.y, batch.weights))


def _ratio(spec: ResolvedSpec, loss: float, expected: float | None) -> float | None:
    if expected is None:
        return None
    if isinstance(spec.loss, _LIKELIHOODS):
        return 1 + (loss - expected) / max(1.0, abs(expected))
    return loss / expected if expected > 0 else None


def _is_far_from_zero(start: TrainingStart, batch: Batch, constant: float | None) -> bool:
    """Return whether zero outputs fit the numbers of a regression far worse than a constant."""
    spec, output = start.spec, start.output
    if spec.task != "regression" or isinstance(spec.loss, _LIKELIHOODS) or constant is None:
        return False
    zeros = constant_loss(spec.loss, output, np.zeros(output.units), batch.y, batch.weights)
    return zeros > _FAR_FROM_ZERO * constant


def _verdict(spec: ResolvedSpec, loss: float, ratio: float | None, *, is_far: bool) -> Verdict:
    passing, warning = PASSING_RATIO, WARNING_RATIO
    if isinstance(spec.loss, _SQUARED):
        passing, warning = PASSING_SQUARED, WARNING_SQUARED
    if not math.isfinite(loss):
        return "failed"
    if ratio is None:
        return "not_applicable"
    if ratio > warning:
        return "failed"
    return "warning" if is_far or ratio > passing else "passed"


def _detail(
    verdict: Verdict, loss: float, expectation: str, expected: float | None, *, is_far: bool
) -> str:
    if verdict == "not_applicable" or expected is None:
        return "every target of the sample is the same: a constant prediction has no loss"
    compared = f"the initial loss is {loss:.4g}, expected is about {expected:.4g} ({expectation})"
    if verdict == "passed":
        return compared
    if is_far:
        return (
            f"{compared}: the outputs first have to grow to the size of the targets; standardize "
            'the target ("preprocessing": {"target": "standardize"}) if the output is linear'
        )
    return (
        f"{compared}: the outputs of the new weights are too large; standardize the inputs "
        '("preprocessing": {"numeric": "standardize"}), use layer_normalization, or a smaller '
        "initializer of the output layer (network.output.initializer)"
    )
