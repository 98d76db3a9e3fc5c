"""Tallies that keep a pass's outputs and targets, for metrics that want to see all of them."""

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
    """Keeps the outputs and the target of each row, and computes from them at the pass's end.

    Args:
        names: of the metrics asked for.
        rows: of a pass.
        outputs: to keep of each row, the first ones.
        dtype: of the outputs.
    """

    def __init__(
        self, names: Sequence[MetricName], rows: int, outputs: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(names)
        self._outputs: Floats = np.zeros((rows, outputs), dtype)
        self._targets: Floats = np.zeros(rows, dtype)
        self.arrays = {"outputs": self._outputs, "targets": self._targets}

    def _resize(self, rows: int) -> None:
        """Nothing: there is room for all rows."""

    def _add(self, outputs: Floats, targets: Targets) -> None:
        start = int(self.sums["rows"])
        taken = slice(start, start + len(outputs))
        self._outputs[taken] = outputs[:, : self._outputs.shape[1]]
        self._targets[taken] = _target_of_rows(targets)

    def _metrics(self) -> Mapping[MetricName, Metric | None]:
        rows = int(self.sums["rows"])
        return self._compute(self._outputs[:rows], self._targets[:rows])

    @abstractmethod
    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]: ...


def _target_of_rows(targets: Targets) -> Targets:
    """A class index or a number for each row, whether classes are given so or as 0 and 1."""
    if targets.ndim == 1:
        return targets
    single: Targets = targets[:, 0]
    return single if targets.shape[1] == 1 else targets.argmax(axis=1)


class BufferedClassMetric(BufferedMetric):
    """Every metric of classes."""

    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]:
        classes = targets.astype(np.intp)
        scores = outputs
        if scores.shape[1] == 1:
            scores = np.concatenate((1 - scores, scores), axis=1)
        found = ClassPredictions(scores.argmax(axis=1), classes, scores.shape[1])
        return {name: _class_metric(name, found, scores) for name in self._names}


def _class_metric(name: MetricName, found: ClassPredictions, scores: Floats) -> Metric | None:
    if name in SCORE_METRICS:
        return SCORE_METRICS[name](scores, found.true)
    value = PREDICTION_METRICS[name](found)
    return value if isinstance(value, float) else value.tolist()


class BufferedRegressionMetric(BufferedMetric):
    """Every metric of numbers, in the target's own unit.

    Args:
        names: of the metrics asked for.
        target: its scale and center.
        rows: of a pass.
        dtype: of the outputs.
    """

    def __init__(
        self, names: Sequence[MetricName], target: NumericTarget, rows: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(names, rows, 1, dtype)
        self._target = target

    def _compute(self, outputs: Floats, targets: Floats) -> Mapping[MetricName, Metric | None]:
        predicted, y = self._in_own_unit(outputs[:, 0]), self._in_own_unit(targets)
        return {name: NUMBER_METRICS[name](predicted, y) for name in self._names}

    def _in_own_unit(self, values: Floats) -> Floats:
        return values.astype(np.float64) * self._target.scale + self._target.center
