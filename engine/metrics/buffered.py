"""Accumulators that buffer the outputs and targets of a pass, for metrics that need all rows."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from engine.arrays import Floats, Targets
from engine.data.split_arrays import Batch, SplitArrays
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.classification import PREDICTION_METRICS, ClassPredictions
from engine.metrics.names import Metric
from engine.metrics.ranking import SCORE_METRICS, ClassScores
from engine.metrics.regression import NUMBER_METRICS, NumberPredictions, combine_targets
from engine.metrics.weighted import Weights
from engine.preprocessing.fitted import NumericTarget
from engine.specs import MetricName


class BufferedMetric(MetricAccumulator):
    """Buffers outputs, target and sample weight of each row; computes the metrics at the end.

    Args:
        names: names of the requested metrics.
        split: arrays of the rows of a pass.
        outputs: number of outputs to keep per row, starting with the first.
        targets: number of targets per row.
    """

    def __init__(
        self, names: Sequence[MetricName], split: SplitArrays, outputs: int, targets: int = 1
    ) -> None:
        super().__init__(names)
        rows, dtype = len(split), split.x.dtype
        self._target_count = targets
        self.arrays = {
            "outputs": np.zeros((rows, outputs), dtype),
            "targets": np.zeros(rows if targets == 1 else (rows, targets), dtype),
        }
        if split.sample_weights is not None:
            self.arrays["weights"] = np.zeros(rows, dtype)
        if split.values is not None:
            self.arrays["values"] = np.zeros(split.values.shape, np.float64)

    def _resize(self, rows: int) -> None:
        """Do nothing: the buffers hold all rows."""

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        start, arrays = int(self.sums["rows"]), self.arrays
        span = slice(start, start + len(outputs))
        arrays["outputs"][span] = outputs[:, : arrays["outputs"].shape[1]]
        is_single = self._target_count == 1
        arrays["targets"][span] = _targets_per_row(batch.y) if is_single else batch.y
        if weights is not None:
            arrays["weights"][span] = weights
        if batch.values is not None:
            arrays["values"][span] = batch.values

    def _result(self) -> Mapping[str, Metric | None]:
        """Compute the metrics from the rows of positive weight."""
        rows = slice(0, int(self.sums["rows"]))
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        weights = arrays.get("weights")
        if weights is None:
            return self._compute(arrays, None)
        counted = weights > 0
        arrays = {name: array[counted] for name, array in arrays.items()}
        return self._compute(arrays, arrays["weights"].astype(np.float64))

    @abstractmethod
    def _compute(
        self, arrays: Mapping[str, Floats], weights: Weights
    ) -> Mapping[str, Metric | None]:
        """Return the metrics of the buffered rows.

        Args:
            arrays: the filled rows of `arrays`.
            weights: their sample weights.
        """


def _targets_per_row(targets: Targets) -> Targets:
    """Return one class index or number per row, from indices, one-hot rows or numbers."""
    if targets.ndim == 1:
        return targets
    single: Targets = targets[:, 0]
    return single if targets.shape[1] == 1 else targets.argmax(axis=1)


class BufferedClassMetric(BufferedMetric):
    """All classification metrics.

    Args:
        names: names of the requested metrics.
        split: arrays of the rows of a pass.
        outputs: number of network outputs.
        are_probabilities: whether the outputs are probabilities, not scores.
    """

    def __init__(
        self,
        names: Sequence[MetricName],
        split: SplitArrays,
        outputs: int,
        *,
        are_probabilities: bool,
    ) -> None:
        super().__init__(names, split, outputs)
        self._are_probabilities = are_probabilities

    def _compute(
        self, arrays: Mapping[str, Floats], weights: Weights
    ) -> Mapping[str, Metric | None]:
        classes, outputs = arrays["targets"].astype(np.intp), arrays["outputs"]
        if outputs.shape[1] == 1:
            outputs = np.concatenate((1 - outputs, outputs), axis=1)
        predictions = ClassPredictions(outputs.argmax(axis=1), classes, outputs.shape[1], weights)
        scores = ClassScores(outputs, classes, self._are_probabilities, weights)
        return {
            name: SCORE_METRICS[name](scores)
            if name in SCORE_METRICS
            else PREDICTION_METRICS[name](predictions)
            for name in self._names
        }


class BufferedRegressionMetric(BufferedMetric):
    """All regression metrics, in the target's unit; of several targets the mean and the list.

    Args:
        names: names of the requested metrics.
        split: arrays of the rows of a pass.
        targets: the fitted targets, with their scales and centers.
    """

    def __init__(
        self, names: Sequence[MetricName], split: SplitArrays, targets: Sequence[NumericTarget]
    ) -> None:
        super().__init__(names, split, len(targets), len(targets))
        self._targets = targets

    def _compute(
        self, arrays: Mapping[str, Floats], weights: Weights
    ) -> Mapping[str, Metric | None]:
        found = [self._of(index, arrays, weights) for index in range(len(self._targets))]
        return combine_targets(self._names, found)

    def _of(
        self, index: int, arrays: Mapping[str, Floats], weights: Weights
    ) -> dict[MetricName, float | None]:
        """Return the metrics of one target."""
        target, values = self._targets[index], arrays.get("values")
        true = arrays["targets"].reshape(-1, len(self._targets))[:, index]
        predictions = NumberPredictions(
            predicted=arrays["outputs"][:, index].astype(np.float64),
            y=true.astype(np.float64),
            weights=weights,
            scale=target.scale,
            center=target.center,
            exact=None if values is None else values[:, index].astype(np.float64, copy=False),
        )
        return {name: NUMBER_METRICS[name](predictions) for name in self._names}
