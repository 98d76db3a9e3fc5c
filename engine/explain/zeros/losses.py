"""Causes of the zeros of the loss: of predictions, losses of rows and ∂L/∂logits."""

from typing import cast

import numpy as np

from engine import specs
from engine.activations import build_activation
from engine.arrays import Floats
from engine.explain.step_trace import StepTrace
from engine.explain.zeros.activations import activation_gradient_zeros, activation_output_zeros
from engine.explain.zeros.causes import Cause, Codes, Flags, choose, code_of, fill_zeros
from engine.specs.activations import PROBABILITY_ACTIVATIONS

_WEIGHT, _FIT, _SATURATED, _UNDERFLOW, _EXACT = (
    code_of(cause)
    for cause in (
        Cause.ZERO_WEIGHT_ROW,
        Cause.EXACT_FIT,
        Cause.SATURATED,
        Cause.UNDERFLOW,
        Cause.EXACT_ZERO,
    )
)
ERROR_LOSSES = (
    specs.MeanSquaredError,
    specs.HalfSquaredError,
    specs.MeanAbsoluteError,
    specs.Huber,
    specs.LogCosh,
    specs.Quantile,
)


class LossZeros:
    """Causes of the zeros of a step's loss, for its kept rows.

    Args:
        trace: the step.
        logits: causes of the zeros of the logits.
    """

    def __init__(self, trace: StepTrace, logits: Codes) -> None:
        spec = trace.inputs.spec
        self._trace, self._loss = trace, spec.loss
        self._logits, self._codes = trace.layers[-1].outputs.rows, logits
        self._targets = cast("Floats", trace.inputs.batch.y[trace.kept])
        self._output = spec.network.output.activation
        self._activation = build_activation(self._output, self._logits.dtype)

    def outputs(self) -> Codes:
        """Return the causes of the predictions ŷ = activation(z)."""
        z = self._logits, self._codes
        return activation_output_zeros(self._activation, z, self._trace.outputs.rows)

    def row_losses(self) -> Codes:
        """Return the causes of the losses of all rows, `(batch,)`."""
        match self._loss:
            case specs.Hinge():
                cause = code_of(Cause.BEYOND_MARGIN)
            case specs.CrossEntropy() | specs.BinaryCrossEntropy():
                cause = _SATURATED
            case specs.Poisson() | specs.Gaussian():
                cause = _EXACT
            case _:
                cause = _FIT
        found = np.full(len(self._trace.row_losses), cause, np.uint16)
        if isinstance(self._loss, ERROR_LOSSES):
            differs = (self._errors() != 0).any(axis=1)
            found[self._trace.kept[differs]] = _UNDERFLOW
        return fill_zeros(self._trace.row_losses, found)

    def gradient(self) -> Codes | None:
        """Return the causes of ∂L/∂z, z being the logits; None without a gradient."""
        recorded = self._trace.output_gradient
        if recorded is None:
            return None
        with np.errstate(all="ignore"):
            return self._with_weights(recorded.rows, self._of_row())

    def prediction_gradient(self) -> Codes | None:
        """Return the causes of ∂L/∂ŷ of a loss of the error; None for other losses."""
        recorded = self._trace.prediction_gradient
        if recorded is None:
            return None
        found = choose((self._errors() == 0, _FIT), otherwise=_UNDERFLOW)
        return self._with_weights(recorded.rows, found)

    def _with_weights(self, values: Floats, of_row: Codes) -> Codes:
        """Causes of gradients of each row times its share in the loss."""
        has_no_weight = (self._trace.shares[self._trace.kept] == 0)[:, np.newaxis]
        return fill_zeros(values, choose((has_no_weight, _WEIGHT), otherwise=of_row))

    def _of_row(self) -> Codes:
        """Causes of ∂l/∂z of each row, not yet multiplied by its weight."""
        match self._loss:
            case specs.Hinge():
                return self._of_hinge()
            case specs.CrossEntropy() if self._output == "sigmoid":
                return self._of_sigmoid_cross_entropy()
            case specs.CrossEntropy():
                return self._of_difference(_smoothed(self._one_hot(), self._loss))
            case specs.BinaryCrossEntropy() | specs.Poisson():
                return self._of_difference(self._targets)
            case specs.Gaussian():
                return self._of_gaussian()
            case _:
                return self._of_error()

    def _of_difference(self, targets: Floats) -> Codes:
        """Causes of ŷ − y = 0; a probability that is rounded to 0 or 1 is saturated."""
        outputs = self._trace.outputs.rows
        is_rounded = (outputs == 0) | ((outputs == 1) & (self._output in PROBABILITY_ACTIVATIONS))
        return choose(
            (is_rounded, _SATURATED), (_are_near(outputs, targets), _FIT), otherwise=_UNDERFLOW
        )

    def _of_hinge(self) -> Codes:
        """1 for each class within the margin, minus their number for the row's class."""
        one_hot, logits = self._one_hot(), self._logits
        assert isinstance(self._loss, specs.Hinge)  # noqa: S101 - the caller's case
        of_class = (logits * one_hot).sum(axis=1, keepdims=True)
        violates = (logits - of_class + self._loss.margin > 0) & (one_hot == 0)
        counts = violates | ((one_hot == 1) & violates.any(axis=1, keepdims=True))
        return choose((counts, _UNDERFLOW), otherwise=code_of(Cause.BEYOND_MARGIN))

    def _of_sigmoid_cross_entropy(self) -> Codes:
        """Q · (σ(z) − 1); q is 0 for the other classes."""
        assert isinstance(self._loss, specs.CrossEntropy)  # noqa: S101 - the caller's case
        q = _smoothed(self._one_hot(), self._loss)
        is_one = self._trace.outputs.rows == 1
        other = code_of(Cause.OTHER_CLASS)
        return choose((q == 0, other), (is_one, _SATURATED), otherwise=_UNDERFLOW)

    def _of_gaussian(self) -> Codes:
        """(μ − y) exp(−s) of the means, ½ − ½ (μ − y)² exp(−s) of the log variances."""
        means, log_variances = np.split(self._logits, 2, axis=1)
        error, slope = means - self._targets, np.exp(-log_variances)
        of_means = choose((error == 0, _FIT), (slope == 0, _SATURATED), otherwise=_UNDERFLOW)
        is_fit = _are_near(error * error * slope, np.ones_like(slope))
        return np.concatenate([of_means, choose((is_fit, _FIT), otherwise=_UNDERFLOW)], axis=1)

    def _of_error(self) -> Codes:
        """ρ′(e) · f′(z), with e = ŷ − y."""
        error, outputs = self._errors(), self._trace.outputs.rows
        if isinstance(self._loss, specs.MeanAbsoluteError | specs.Quantile):
            error = np.sign(error)
        gradient = error, fill_zeros(error, _FIT)
        zeros = np.zeros_like(error)
        return activation_gradient_zeros(self._activation, self._logits, outputs, gradient, zeros)

    def _errors(self) -> Floats:
        return np.subtract(self._trace.outputs.rows, self._targets)

    def _one_hot(self) -> Floats:
        classes = self._trace.inputs.batch.y[self._trace.kept]
        is_class: Flags = np.arange(self._logits.shape[1]) == classes[:, np.newaxis]
        return is_class.astype(np.float64)


def _smoothed(one_hot: Floats, loss: specs.CrossEntropy) -> Floats:
    share = loss.label_smoothing / one_hot.shape[1]
    smoothed: Floats = one_hot * (1 - loss.label_smoothing) + share
    return smoothed


def _are_near(values: Floats, others: Floats) -> Flags:
    """Whether values are equal up to a few roundings."""
    tolerance = 8 * np.finfo(values.dtype).eps
    near: Flags = np.abs(values - others) <= tolerance * np.maximum(np.abs(others), tolerance)
    return near
