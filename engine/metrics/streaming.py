"""Accumulators of metrics that need only running sums, so that no row is stored."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.names import Metric
from engine.specs import MetricName

STREAMING_METRICS: frozenset[MetricName] = frozenset({"accuracy", "mse", "rmse", "mae", "r2"})


class StreamingClassMetric(MetricAccumulator):
    """accuracy: the fraction of rows whose largest output is that of their class.

    With a single output, the predicted class is 1 where the output is above one half.
    """

    def __init__(self, names: Sequence[MetricName]) -> None:
        super().__init__(names, ("correct",))

    def _resize(self, rows: int) -> None:
        self._predicted = np.empty(rows, np.intp)
        self._correct = np.empty(rows, np.bool_)

    def _update(self, outputs: Floats, targets: Targets) -> None:
        if outputs.shape[1] == 1:
            np.equal(outputs[:, 0] > 0.5, targets[:, 0] > 0.5, out=self._correct)
        else:
            outputs.argmax(1, self._predicted)
            classes = targets if targets.ndim == 1 else targets.argmax(1)
            np.equal(self._predicted, classes, out=self._correct)
        self.sums["correct"] += int(np.count_nonzero(self._correct))

    def _result(self) -> Mapping[MetricName, Metric | None]:
        return {"accuracy": self.sums["correct"] / self.sums["rows"]}


class StreamingRegressionMetric(MetricAccumulator):
    """mse, rmse and mae in the target's unit, and r2.

    rmse = √(Σ (ŷ − y)² / rows); mae = Σ |ŷ − y| / rows; r2 = 1 − Σ (ŷ − y)² / Σ (y − ȳ)².

    Args:
        names: names of the requested metrics.
        scale: factor from the network's output unit to the target's unit.
        variation: Σ (y − ȳ)² over all rows of the pass, in the output's unit.
        dtype: dtype of the outputs.
    """

    def __init__(
        self, names: Sequence[MetricName], scale: float, variation: float, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(names, ("squared", "absolute"))
        self._scale = scale
        self._variation = variation
        self._buffer = Buffer((1,), dtype)

    def _resize(self, rows: int) -> None:
        self._error = self._buffer.rows(rows)

    def _update(self, outputs: Floats, targets: Targets) -> None:
        # The first output is the prediction; the gaussian loss adds a second one, the log variance.
        error = np.subtract(outputs[:, :1], targets, out=self._error)
        self.sums["squared"] += float(np.vdot(error, error))
        np.abs(error, out=error)
        self.sums["absolute"] += float(np.add.reduce(error, axis=None))

    def _result(self) -> Mapping[MetricName, Metric | None]:
        rows, squared, variation = self.sums["rows"], self.sums["squared"], self._variation
        root = math.sqrt(squared / rows) * self._scale
        return {
            "mse": root * root,
            "rmse": root,
            "mae": self.sums["absolute"] / rows * self._scale,
            "r2": 1 - squared / variation if 0 < variation < math.inf else None,
        }
