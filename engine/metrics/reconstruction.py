"""Metrics of a reconstruction: the errors of all inputs together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.data.rows import Rows
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.names import Metric
from engine.specs import MetricName

_CHUNK_BYTES = 4 * 2**20


class ReconstructionMetric(MetricAccumulator):
    """mse, rmse and mae over all rows and inputs, in the unit of the scaled inputs, and r2.

    rmse = √(Σ (x̂ − x)² / (rows · inputs)); mae = Σ |x̂ − x| / (rows · inputs);
    r2 = 1 − Σ (x̂ − x)² / Σ (x − x̄)², x̄ the mean of each input: the share of the inputs' variance
    that is reconstructed. An input that is constant in these rows adds nothing to the divisor.

    Args:
        names: names of the requested metrics.
        x: inputs of all rows of a pass, in any order.
        dtype: dtype of the outputs.
    """

    def __init__(self, names: Sequence[MetricName], x: Rows, dtype: np.dtype[Any]) -> None:
        super().__init__(names, ("squared", "absolute"))
        self._inputs = x.shape[1]
        self._variation = sum_variation(x) if "r2" in names else 0.0
        self._buffer = Buffer((self._inputs,), dtype)

    def _resize(self, rows: int) -> None:
        self._error = self._buffer.rows(rows)

    def _update(self, outputs: Floats, targets: Targets) -> None:
        error = np.subtract(outputs, targets, out=self._error)
        self.sums["squared"] += float(np.vdot(error, error))
        np.abs(error, out=error)
        self.sums["absolute"] += float(np.add.reduce(error, axis=None))

    def _result(self) -> Mapping[MetricName, Metric | None]:
        squared, variation = self.sums["squared"], self._variation
        values = self.sums["rows"] * self._inputs
        return {
            "mse": squared / values,
            "rmse": math.sqrt(squared / values),
            "mae": self.sums["absolute"] / values,
            "r2": 1 - squared / variation if 0 < variation < math.inf else None,
        }


def sum_variation(x: Rows) -> float:
    """Return Σ (x − x̄)² over all rows and inputs, x̄ the mean of each input; read in chunks.

    Constant inputs are left out, because their mean may be rounded. The sums of two chunks are
    merged by the formula of Chan et al. 1979.
    """
    rows, inputs = x.shape
    step = max(1, _CHUNK_BYTES // (inputs * 8))
    first = np.asarray(x[0:1], np.float64)[0]
    mean, squares, is_constant = np.zeros(inputs), np.zeros(inputs), np.ones(inputs, np.bool_)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, rows, step):
            chunk = np.asarray(x[start : start + step], np.float64)
            is_constant &= (chunk == first).all(axis=0)
            chunk_mean = chunk.mean(axis=0)
            delta, total = chunk_mean - mean, start + len(chunk)
            squares += ((chunk - chunk_mean) ** 2).sum(axis=0)
            squares += delta**2 * (start * len(chunk) / total)
            mean += delta * (len(chunk) / total)
        return float(squares[~is_constant].sum())
