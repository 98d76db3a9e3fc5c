"""Accumulators of metrics that need only running sums, so that no row is stored."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.data.split_arrays import Batch
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.error_sums import (
    SquareSum,
    add_squares,
    read_squares,
    sum_absolute,
    sum_squares,
)
from engine.metrics.names import Metric
from engine.metrics.regression import combine_targets
from engine.metrics.weighted import Weights
from engine.specs import MetricName

STREAMING_METRICS: frozenset[MetricName] = frozenset(
    {"accuracy", "subset_accuracy", "mse", "rmse", "mae", "r2"}
)


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

    def _result(self) -> Mapping[str, Metric | None]:
        accuracy = self.sums["correct"] / self.weight
        return dict.fromkeys(self._names, accuracy)


class StreamingRegressionMetric(MetricAccumulator):
    """mse, rmse and mae in the target's unit, and r2; of several targets the mean and the list.

    rmse = √(Σ w (ŷ − y)² / Σ w); mae = Σ w |ŷ − y| / Σ w; r2 = 1 − Σ w (ŷ − y)² / Σ w (y − ȳ)²,
    with w the sample weights.

    Args:
        names: names of the requested metrics.
        scales: factor from the network's output unit to the target's unit, per target.
        variations: Σ w (y − ȳ)² over all rows of the pass, in the output's unit, per target; None
            if y is constant.
        dtype: dtype of the outputs.
    """

    def __init__(
        self,
        names: Sequence[MetricName],
        scales: Sequence[float],
        variations: Sequence[SquareSum | None],
        dtype: np.dtype[Any],
    ) -> None:
        # The sums of a single target have no index.
        indices = [f".{index}" for index in range(len(scales))] if len(scales) > 1 else [""]
        self._squared = [f"squared{index}" for index in indices]
        self._absolute = [f"absolute{index}" for index in indices]
        super().__init__(names, (*self._squared, *self._absolute))
        self._scales, self._variations = scales, variations
        self._buffer = Buffer((len(scales),), dtype)

    def _resize(self, rows: int) -> None:
        self._errors = self._buffer.rows(rows).reshape(len(self._scales), rows)

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        # The first outputs are the predictions; the gaussian loss adds as many log variances.
        predicted, y = outputs[:, : len(self._scales)], batch.y
        errors = np.subtract(predicted.T, y.T, out=self._errors)
        for error, squared, absolute in zip(errors, self._squared, self._absolute, strict=True):
            own = error if weights is None else error.astype(np.float64)
            add_squares(self.sums, squared, sum_squares(own, weights))
            self.sums[absolute] += sum_absolute(own, weights)

    def _result(self) -> Mapping[str, Metric | None]:
        return combine_targets(self._names, [self._of(i) for i in range(len(self._scales))])

    def _of(self, target: int) -> dict[MetricName, float | None]:
        """Return the metrics of one target."""
        weight, scale, variation = self.weight, self._scales[target], self._variations[target]
        squared = read_squares(self.sums, self._squared[target])
        root = squared.root_mean(weight) * scale
        return {
            "mse": root * root,
            "rmse": root,
            "mae": self.sums[self._absolute[target]] / weight * scale,
            "r2": None if variation is None else 1 - squared.ratio_to(variation),
        }
