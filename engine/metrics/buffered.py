"""Accumulators that buffer the outputs and targets of a pass, for metrics that need all rows."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Floats, Targets
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.classification import PREDICTION_METRICS, ClassPredictions
from engine.metrics.names import Metric
from engine.metrics.ranking import SCORE_METRICS
from engine.metrics.regression import NUMBER_METRICS
from engine.preprocessing.fitted import NumericTarget
from engine.specs import MetricName


class BufferedMetric(MetricAccumulator):
    """Buffers the outputs and target of each row; computes the metrics at the end of the pass.

    Args:
        names: names of the requested metrics.
        rows: number of rows of a pass.
        outputs: number of outputs to keep per row, starting with the first.
        dtype: dtype of the outputs.
    """

    def __init__(
        self, names: Sequence[MetricName], rows: int, outputs: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(names)
        self._outputs: Floats = np.zeros((rows, outputs), dtype)
        self._targets: Floats = np.zeros(rows, dtype)
        self.arrays = {"outputs": self._outputs, "targets": self._targets}

    def _resize(self, rows: int) -> None:
        """Do nothing: the buffers hold all rows."""

    def _update(self, outputs: Floats, targets: Targets) -> None:
        start = int(self.sums["rows"])
        span = slice(start, start + len(outputs))
        self._outputs[span] = outputs[:, : self._outputs.shape[1]]
        self._targets[span] = _targets_per_row(targets)

    def _result(self) -> Mapping[MetricName, Metric | None]:
        rows = int(self.sums["rows"])
        return self._compute(self._outputs[:rows], self._targets[:rows])

    @abstractmethod
    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]: ...


def _targets_per_row(targets: Targets) -> Targets:
    """Return one class index or number per row, from indices, one-hot rows or numbers."""
    if targets.ndim == 1:
        return targets
    single: Targets = targets[:, 0]
    return single if targets.shape[1] == 1 else targets.argmax(axis=1)


class BufferedClassMetric(BufferedMetric):
    """All classification metrics."""

    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]:
        classes = targets.astype(np.intp)
        scores = outputs
        if scores.shape[1] == 1:
            scores = np.concatenate((1 - scores, scores), axis=1)
        predictions = ClassPredictions(scores.argmax(axis=1), classes, scores.shape[1])
        return {name: _class_metric(name, predictions, scores) for name in self._names}


def _class_metric(name: MetricName, predictions: ClassPredictions, scores: Floats) -> Metric | None:
    if name in SCORE_METRICS:
        return SCORE_METRICS[name](scores, predictions.true)
    value = PREDICTION_METRICS[name](predictions)
    return value if isinstance(value, float) else value.tolist()


class BufferedRegressionMetric(BufferedMetric):
    """All regression metrics, in the target's unit.

    Args:
        names: names of the requested metrics.
        target: the fitted target, with its scale and center.
        rows: number of rows of a pass.
        dtype: dtype of the outputs.
    """

    def __init__(
        self, names: Sequence[MetricName], target: NumericTarget, rows: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(names, rows, 1, dtype)
        self._target = target

    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]:
        predicted, y = self._to_target_unit(outputs[:, 0]), self._to_target_unit(targets)
        return {name: NUMBER_METRICS[name](predicted, y) for name in self._names}

    def _to_target_unit(self, values: Floats) -> Floats:
        return values.astype(np.float64) * self._target.scale + self._target.center
