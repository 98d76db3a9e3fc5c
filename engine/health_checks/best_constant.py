"""The lowest loss that a constant prediction can have."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Targets
from engine.losses.build import build_loss
from engine.optimizers.lbfgs import LbfgsOptimizer
from engine.specs import (
    CrossEntropy,
    Hinge,
    Lbfgs,
    LossSpec,
    MeanAbsoluteError,
    Quantile,
    ResolvedOutput,
)

_FLOAT64 = np.dtype(np.float64)
_MOST_STEPS = 100


def constant_loss(
    loss: LossSpec,
    output: ResolvedOutput,
    logits: NDArray[np.float64],
    y: Targets,
    weights: Floats | None = None,
) -> float:
    """Return the loss, in float64, of the same logits `(out_features,)` for every row."""
    built = build_loss(loss, output, _FLOAT64)
    rows = np.ascontiguousarray(np.broadcast_to(logits, (len(y), output.units)))
    with np.errstate(all="ignore"):
        return built.forward(rows, _as_float64(y), _weights_as_float64(weights))


def best_constant_loss(
    loss: LossSpec, output: ResolvedOutput, y: Targets, weights: Floats | None = None
) -> float | None:
    """Return the lowest loss of a constant prediction for these targets; None if unknown.

    For cross entropy it is the entropy of the class shares, for squared errors the variance, for
    absolute errors the mean distance from the median. Smooth losses are minimized over the logits
    by L-BFGS.
    """
    match loss:
        case CrossEntropy() if output.activation == "sigmoid":
            # Only the output of the true class counts: the infimum is 0, at infinite logits.
            return None
        case Hinge():
            return _best_hinge(loss, output, y, weights)
        case MeanAbsoluteError():
            return _best_quantile(loss, 0.5, output, y, weights)
        case Quantile():
            return _best_quantile(loss, loss.quantile, output, y, weights)
        case _:
            return _minimized(loss, output, y, weights)


def _minimized(
    spec: LossSpec, output: ResolvedOutput, y: Targets, weights: Floats | None
) -> float | None:
    """Minimize over the logits, starting at zero."""
    loss = build_loss(spec, output, _FLOAT64)
    logits, gradient = np.zeros(output.units), np.empty(output.units)
    targets, shares = _as_float64(y), _weights_as_float64(weights)

    def evaluate() -> float:
        rows = np.ascontiguousarray(np.broadcast_to(logits, (len(y), output.units)))
        value = loss.forward(rows, targets, shares)
        np.sum(loss.backward(), axis=0, out=gradient)
        return value

    optimizer = LbfgsOptimizer(Lbfgs(), logits, gradient, evaluate)
    with np.errstate(all="ignore"):
        for step in range(_MOST_STEPS):
            before = logits.copy()
            optimizer.update(1.0, step + 1)
            if np.array_equal(before, logits):
                break
        value = evaluate()
    return value if math.isfinite(value) else None


def _best_quantile(
    loss: MeanAbsoluteError | Quantile,
    quantile: float,
    output: ResolvedOutput,
    y: Targets,
    weights: Floats | None,
) -> float:
    """Return the loss of each output's quantile, which no constant undercuts."""
    linear = output.model_copy(update={"activation": "linear"})
    constants = [_weighted_quantile(column, quantile, weights) for column in _as_float64(y).T]
    return constant_loss(loss, linear, np.array(constants), y, weights)


def _weighted_quantile(
    values: NDArray[np.float64], quantile: float, weights: Floats | None
) -> np.float64:
    """Return the smallest value whose cumulative weight reaches the quantile."""
    order = np.argsort(values)
    cumulative = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    index = int(np.searchsorted(cumulative, quantile * cumulative[-1]))
    found: np.float64 = values[order][min(index, len(values) - 1)]
    return found


def _best_hinge(loss: Hinge, output: ResolvedOutput, y: Targets, weights: Floats | None) -> float:
    """Return the lower loss of equal scores and of the most frequent class ahead by the margin.

    For two classes no constant undercuts both; for more it is an upper bound.
    """
    ahead = np.zeros(output.units)
    ahead[np.argmax(np.bincount(y.astype(np.intp), weights, output.units))] = loss.margin
    candidates = (np.zeros(output.units), ahead)
    return min(constant_loss(loss, output, logits, y, weights) for logits in candidates)


def _as_float64(y: Targets) -> Targets:
    return y if y.dtype.kind == "i" else y.astype(np.float64)


def _weights_as_float64(weights: Floats | None) -> NDArray[np.float64] | None:
    return None if weights is None else weights.astype(np.float64)
