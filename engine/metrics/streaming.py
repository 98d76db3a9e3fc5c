"""Accumulators of metrics that need only running sums, so that no row is stored."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.data.split_arrays import Batch
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.names import Metric
from engine.metrics.weighted import Weights
from engine.specs import MetricName

STREAMING_METRICS: frozenset[MetricName] = frozenset({"accuracy", "mse", "rmse", "mae", "r2"})


class StreamingClassMetric(MetricAccumulator):
    """accuracy: the weighted fraction of rows whose largest output is that of their class.

    With a single output, the predicted class is 1 where the output is above one half.
    """

    def __init__(self, names: Sequence[MetricName]) -> None:
        super().__init__(names, ("correct",))

    def _resize(self, rows: int) -> None:
        self._predicted = np.empty(rows, np.intp)
        self._correct = np.empty(rows, np.bool_)

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        self._compare(outputs, batch.y)
        if weights is None:
            self.sums["correct"] += int(np.count_nonzero(self._correct))
        else:
            # Summed in the order of the total weight, so that it is equal if all are correct.
            self.sums["correct"] += float(np.add.reduce(weights * self._correct))

    def _compare(self, outputs: Floats, targets: Targets) -> None:
        """Write whether each row is predicted correctly."""
        if outputs.shape[1] == 1:
            np.equal(outputs[:, 0] > 0.5, targets[:, 0] > 0.5, out=self._correct)
        else:
            outputs.argmax(1, self._predicted)
            classes = targets if targets.ndim == 1 else targets.argmax(1)
            np.equal(self._predicted, classes, out=self._correct)

    def _result(self) -> Mapping[MetricName, Metric | None]:
        return {"accuracy": self.sums["correct"] / self.weight}


class StreamingRegressionMetric(MetricAccumulator):
    """mse, rmse and mae in the target's unit, and r2.

    rmse = √(Σ w (ŷ − y)² / Σ w); mae = Σ w |ŷ − y| / Σ w; r2 = 1 − Σ w (ŷ − y)² / Σ w (y − ȳ)²,
    with w the sample weights.

    Args:
        names: names of the requested metrics.
        scale: factor from the network's output unit to the target's unit.
        variation: Σ w (y − ȳ)² over all rows of the pass, in the output's unit; 0 if y is constant.
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

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        # The first output is the prediction; the gaussian loss adds a second one, the log variance.
        error = np.subtract(outputs[:, :1], batch.y, out=self._error)
        if weights is None:
            self.sums["squared"] += float(np.vdot(error, error))
            np.abs(error, out=error)
            self.sums["absolute"] += float(np.add.reduce(error, axis=None))
        else:
            own = error[:, 0].astype(np.float64)
            self.sums["squared"] += float(np.dot(weights, own * own))
            self.sums["absolute"] += float(np.dot(weights, np.abs(own)))

    def _result(self) -> Mapping[MetricName, Metric | None]:
        weight, squared, variation = self.weight, self.sums["squared"], self._variation
        root = math.sqrt(squared / weight) * self._scale
        return {
            "mse": root * root,
            "rmse": root,
            "mae": self.sums["absolute"] / weight * self._scale,
            "r2": 1 - squared / variation if 0 < variation < math.inf else None,
        }
