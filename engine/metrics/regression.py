"""Regression metrics of predictions ŷ and true values y with sample weights w."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.metrics.names import PER_TARGET, Metric, mean_and_list
from engine.metrics.weighted import Weights, weighted_mean, weighted_sum
from engine.specs import MetricName


@dataclass(frozen=True)
class NumberPredictions:
    """The predicted and the true number of each row, in the target's unit.

    Attributes:
        predicted: predictions ŷ, `(rows,)`.
        y: true values as the network was trained on them: rounded to its dtype, `(rows,)`.
        weights: sample weights w, `(rows,)`.
        exact: true values as in the table, `(rows,)`; None unless a metric needs them.
    """

    predicted: NDArray[np.float64]
    y: NDArray[np.float64]
    weights: Weights = None
    exact: NDArray[np.float64] | None = None

    @property
    def error(self) -> NDArray[np.float64]:
        """ŷ − y of each row, `(rows,)`."""
        return self.predicted - self.y


def mse(of: NumberPredictions) -> float:
    """Return the mean of (ŷ − y)²."""
    return weighted_mean(of.error**2, of.weights)


def rmse(of: NumberPredictions) -> float:
    """Return the square root of the mean of (ŷ − y)²."""
    return math.sqrt(mse(of))


def mae(of: NumberPredictions) -> float:
    """Return the mean of |ŷ − y|."""
    return weighted_mean(np.abs(of.error), of.weights)


def mape(of: NumberPredictions) -> float | None:
    """Return the mean of |ŷ − y| / |y| over the rows with y ≠ 0; 0.1 means 10 %.

    y are the table's values: rounding moves a number near 0 far in relation to itself. None if y is
    0 in all rows.
    """
    assert of.exact is not None  # noqa: S101 - prepared for this metric
    y = of.exact
    counted = y != 0
    if not counted.any():
        return None
    weights = None if of.weights is None else of.weights[counted]
    return weighted_mean(np.abs((of.predicted[counted] - y[counted]) / y[counted]), weights)


def r2(of: NumberPredictions) -> float | None:
    """Return 1 − Σ w (ŷ − y)² / Σ w (y − ȳ)²; None if y is constant."""
    spread = variation(of.y, of.weights)
    return 1 - weighted_sum(of.error**2, of.weights) / spread if spread > 0 else None


def explained_variance(of: NumberPredictions) -> float | None:
    """Return 1 − Var(y − ŷ) / Var(y): r2 without the mean error; None if y is constant."""
    if is_constant(of.y):
        return None
    variance = _variance(of.y, of.weights)
    return 1 - _variance(of.y - of.predicted, of.weights) / variance if variance > 0 else None


def is_constant(y: NDArray[np.float64]) -> bool:
    """Return whether all values are equal; their mean may be another number, by rounding."""
    return bool(y.min() == y.max())


def variation(y: NDArray[np.float64], weights: Weights) -> float:
    """Return Σ w (y − ȳ)², ȳ the weighted mean; 0 if y is constant."""
    if is_constant(y):
        return 0.0
    return weighted_sum((y - weighted_mean(y, weights)) ** 2, weights)


def _variance(values: NDArray[np.float64], weights: Weights) -> float:
    """Return Σ w (v − v̄)² / Σ w."""
    if weights is None:
        return float(np.var(values))
    return weighted_mean((values - weighted_mean(values, weights)) ** 2, weights)


def combine_targets(
    names: Sequence[MetricName], targets: Sequence[Mapping[MetricName, float | None]]
) -> dict[str, Metric | None]:
    """Return the metrics of all targets: of a single one as they are, else mean and list."""
    if len(targets) == 1:
        return {name: targets[0][name] for name in names}
    found: dict[str, Metric | None] = {}
    for name in names:
        found |= mean_and_list(name, PER_TARGET, [target[name] for target in targets])
    return found


NUMBER_METRICS: dict[MetricName, Callable[[NumberPredictions], float | None]] = {
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
    "mape": mape,
    "explained_variance": explained_variance,
}
