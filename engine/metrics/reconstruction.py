"""Metrics of a reconstruction: the errors of all inputs together."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.arrays import Buffer, Floats
from engine.data.split_arrays import Batch, SplitArrays
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.error_sums import (
    SquareSum,
    add_squares,
    has_exact_squares,
    power_of_two,
    read_squares,
    sum_absolute,
    sum_squares,
)
from engine.metrics.names import Metric
from engine.metrics.weighted import Weights
from engine.specs import MetricName

_CHUNK_BYTES = 4 * 2**20


class ReconstructionMetric(MetricAccumulator):
    """mse, rmse and mae over all rows and inputs, in the unit of the scaled inputs, and r2.

    With w the sample weight of the row: rmse = √(Σ w (x̂ − x)² / (Σ w · inputs));
    mae = Σ w |x̂ − x| / (Σ w · inputs); r2 = 1 − Σ w (x̂ − x)² / Σ w (x − x̄)², x̄ the mean of each
    input: the share of the inputs' variance that is reconstructed. An input that is constant in
    these rows adds nothing to that divisor.

    Args:
        names: names of the requested metrics.
        split: arrays of all rows of a pass, in any order.
    """

    def __init__(self, names: Sequence[MetricName], split: SplitArrays) -> None:
        super().__init__(names, ("squared", "absolute"))
        self._inputs = split.x.shape[1]
        self._variation = sum_variation(split) if "r2" in names else None
        self._buffer = Buffer((self._inputs,), split.x.dtype)

    def _resize(self, rows: int) -> None:
        self._error = self._buffer.rows(rows)

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        error = np.subtract(outputs, batch.x, out=self._error)
        add_squares(self.sums, "squared", sum_squares(error, weights))
        self.sums["absolute"] += sum_absolute(error, weights)

    def _result(self) -> Mapping[str, Metric | None]:
        squared, variation = read_squares(self.sums, "squared"), self._variation
        values = self.weight * self._inputs
        computed: dict[MetricName, float | None] = {
            "mse": squared.mean(values),
            "rmse": squared.root_mean(values),
            "mae": self.sums["absolute"] / values,
            "r2": None if variation is None else 1 - squared.ratio_to(variation),
        }
        return {name: computed[name] for name in self._names}


def sum_variation(split: SplitArrays) -> SquareSum | None:
    """Return Σ w (x − x̄)² over all rows and inputs, x̄ the weighted mean of each input.

    Constant inputs are left out, because their mean may be rounded; None if all are constant. The
    rows are read a second time if the squares overflow or underflow.
    """
    squares, largest = _sum_variation(split, 1.0)
    if largest is None:
        return None
    if has_exact_squares(squares) or not 0 < largest < math.inf:
        return SquareSum(squares)
    unit = power_of_two(largest)
    return SquareSum(_sum_variation(split, unit)[0], unit)


def _sum_variation(split: SplitArrays, unit: float) -> tuple[float, float | None]:
    """Return Σ w (x − x̄)² of the inputs that vary, in this unit, and their largest magnitude.

    Read in chunks, whose sums are merged by the formula of Chan et al. 1979. The magnitude is None
    if no input varies.
    """
    rows, inputs = split.x.shape
    step = max(1, _CHUNK_BYTES // (inputs * 8))
    mean, squares, total = np.zeros(inputs), np.zeros(inputs), 0.0
    lowest, highest = np.full(inputs, np.inf), np.full(inputs, -np.inf)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, rows, step):
            x, w = _weighted_rows(split, slice(start, start + step), unit)
            weight = float(w.sum())
            if not weight:
                continue
            lowest = np.minimum(lowest, x.min(axis=0))
            highest = np.maximum(highest, x.max(axis=0))
            own = w @ x / weight
            delta, merged = own - mean, total + weight
            squares += w @ np.square(x - own) + delta**2 * (total * weight / merged)
            mean += delta * (weight / merged)
            total = merged
    varies = lowest < highest
    if not varies.any():
        return 0.0, None
    largest = float(np.maximum(np.abs(lowest), np.abs(highest))[varies].max())
    return float(squares[varies].sum()), largest


def _weighted_rows(split: SplitArrays, rows: slice, unit: float) -> tuple[Floats, Floats]:
    """Return inputs, in this unit, and sample weights of the rows of positive weight, float64."""
    x = np.asarray(split.x[rows], np.float64) / unit
    if split.sample_weights is None:
        return x, np.ones(len(x))
    weights = np.asarray(split.sample_weights[rows], np.float64)
    return x[weights > 0], weights[weights > 0]
