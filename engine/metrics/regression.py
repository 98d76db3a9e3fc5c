"""Regression metrics of predictions ŷ and true values y with sample weights w."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.metrics.error_sums import SquareSum, sum_squares
from engine.metrics.names import PER_TARGET, Metric, mean_and_list
from engine.metrics.weighted import Weights, weighted_mean
from engine.specs import MetricName


@dataclass(frozen=True)
class NumberPredictions:
    """The predicted and the true number of each row, in the unit of the network's output.

    Squares are computed in this unit, because those of the target's own unit may overflow.

    Attributes:
        predicted: predictions ŷ, `(rows,)`.
        y: true values as the network was trained on them: rounded to its dtype, `(rows,)`.
        weights: sample weights w, `(rows,)`.
        scale: factor from the output's unit to the target's.
        center: number that is 0 in the output's unit.
        exact: true values as in the table, `(rows,)`; None unless a metric needs them.
    """

    predicted: NDArray[np.float64]
    y: NDArray[np.float64]
    weights: Weights = None
    scale: float = 1.0
    center: float = 0.0
    exact: NDArray[np.float64] | None = None

    @cached_property
    def error(self) -> NDArray[np.float64]:
        """ŷ − y of each row, `(rows,)`."""
        return self.predicted - self.y

    @cached_property
    def squared(self) -> SquareSum:
        """Σ w (ŷ − y)²."""
        return sum_squares(self.error, self.weights, is_pairwise=True)

    @property
    def total_weight(self) -> float:
        """Σ w; the number of rows without weights."""
        return len(self.y) if self.weights is None else float(self.weights.sum())

    @cached_property
    def variation(self) -> SquareSum | None:
        """Σ w (y − ȳ)²; None if y is constant in the target's own unit."""
        return variation(self.y, self.weights, self.scale, self.center)


def mse(of: NumberPredictions) -> float:
    """Return the mean of (ŷ − y)²."""
    root = rmse(of)
    return root * root


def rmse(of: NumberPredictions) -> float:
    """Return the square root of the mean of (ŷ − y)²."""
    return of.squared.root_mean(of.total_weight) * of.scale


def mae(of: NumberPredictions) -> float:
    """Return the mean of |ŷ − y|."""
    return weighted_mean(np.abs(of.error), of.weights) * of.scale


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
    predicted = of.predicted[counted] * of.scale + of.center
    return weighted_mean(np.abs((predicted - y[counted]) / y[counted]), weights)


def r2(of: NumberPredictions) -> float | None:
    """Return 1 − Σ w (ŷ − y)² / Σ w (y − ȳ)²; None if y is constant."""
    return None if of.variation is None else 1 - of.squared.ratio_to(of.variation)


def explained_variance(of: NumberPredictions) -> float | None:
    """Return 1 − Var(y − ŷ) / Var(y): r2 without the mean error; None if y is constant."""
    if of.variation is None:
        return None
    return 1 - _deviations(of.error, of.weights).ratio_to(of.variation)


def variation(
    y: NDArray[np.float64], weights: Weights, scale: float, center: float
) -> SquareSum | None:
    """Return Σ w (y − ȳ)², ȳ the weighted mean; None if y is constant in the target's own unit.

    Args:
        y: true values in the output's unit, `(rows,)`.
        weights: sample weights w, `(rows,)`.
        scale: factor from the output's unit to the target's.
        center: number that is 0 in the output's unit.
    """
    lowest, highest = (float(end) * scale + center for end in (y.min(), y.max()))
    # The mean of equal numbers may be another number, by rounding.
    return None if lowest == highest else _deviations(y, weights)


def _deviations(values: NDArray[np.float64], weights: Weights) -> SquareSum:
    """Return Σ w (v − v̄)²."""
    deviations = values - weighted_mean(values, weights)
    return sum_squares(deviations, weights, is_pairwise=True)


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
