"""Metrics of several labels per row, each predicted by the probability of its positive class."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Targets
from engine.data.split_arrays import Batch, SplitArrays
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.buffered import BufferedMetric
from engine.metrics.names import PER_LABEL, Metric, mean_and_list
from engine.metrics.ranking import ClassScores, log_loss, pr_auc, roc_auc
from engine.metrics.weighted import Weights, weighted_mean
from engine.specs import MetricName


class LabelCounts(NamedTuple):
    """Weights of the rows by predicted and true class, `(labels,)` each."""

    true_positives: NDArray[np.float64]
    false_positives: NDArray[np.float64]
    false_negatives: NDArray[np.float64]
    true_negatives: NDArray[np.float64]


def accuracy(counts: LabelCounts) -> NDArray[np.float64]:
    """Return the fraction of rows whose label is predicted correctly, per label."""
    correct = counts.true_positives + counts.true_negatives
    return correct / (correct + counts.false_positives + counts.false_negatives)


def precision(counts: LabelCounts) -> NDArray[np.float64]:
    """Return TP / (TP + FP) per label; NaN for a label without positive rows."""
    return _ratio(counts, counts.true_positives, counts.true_positives + counts.false_positives)


def recall(counts: LabelCounts) -> NDArray[np.float64]:
    """Return TP / (TP + FN) per label; NaN for a label without positive rows."""
    return _ratio(counts, counts.true_positives, counts.true_positives + counts.false_negatives)


def f1(counts: LabelCounts) -> NDArray[np.float64]:
    """Return 2 TP / (2 TP + FP + FN) per label; NaN for a label without positive rows."""
    doubled = 2 * counts.true_positives
    whole = doubled + counts.false_positives + counts.false_negatives
    return _ratio(counts, doubled, whole)


def _ratio(
    counts: LabelCounts, part: NDArray[np.float64], whole: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return part / whole, 0 where the whole is 0, NaN for a label without positive rows."""
    ratio = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    positives = counts.true_positives + counts.false_negatives
    return np.where(positives > 0, ratio, np.nan)


COUNT_METRICS: dict[MetricName, Callable[[LabelCounts], NDArray[np.float64]]] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
RANKING_METRICS: dict[MetricName, Callable[[ClassScores], float | None]] = {
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "log_loss": log_loss,
}
# Without a list per label: a row counts if all of its labels are predicted correctly.
SUBSET_ACCURACY: MetricName = "subset_accuracy"


def needs_only_counts(names: Sequence[MetricName]) -> bool:
    """Return whether no metric needs the probabilities of all rows."""
    return {*COUNT_METRICS, SUBSET_ACCURACY}.issuperset(names)


def count_labels(outputs: Floats, targets: Targets, weights: Weights) -> NDArray[np.float64]:
    """Return the `LabelCounts` of rows, `(4, labels)`; positive is a probability above one half."""
    predicted, true = outputs > 0.5, targets > 0.5
    masks = (predicted & true, predicted & ~true, ~predicted & true, ~predicted & ~true)
    if weights is None:
        return np.stack([np.count_nonzero(mask, axis=0) for mask in masks]).astype(np.float64)
    return np.stack([weights @ mask for mask in masks])


def _all_correct(outputs: Floats, targets: Targets) -> NDArray[np.bool_]:
    """Return whether all labels of each row are predicted correctly, `(rows,)`."""
    correct: NDArray[np.bool_] = np.logical_and.reduce((outputs > 0.5) == (targets > 0.5), axis=1)
    return correct


def _combine(
    name: MetricName, counts: LabelCounts, subset_accuracy: float
) -> dict[str, Metric | None]:
    if name == SUBSET_ACCURACY:
        return {name: subset_accuracy}
    values: list[float] = COUNT_METRICS[name](counts).tolist()
    return mean_and_list(name, PER_LABEL, [None if isnan(value) else value for value in values])


class StreamingLabelMetric(MetricAccumulator):
    """The metrics of predicted labels, from running counts.

    Args:
        names: names of the requested metrics.
        labels: number of labels.
    """

    def __init__(self, names: Sequence[MetricName], labels: int) -> None:
        super().__init__(names, ("correct",))
        self._counts = np.zeros((4, labels))
        self.arrays = {"counts": self._counts}

    def reset(self) -> None:
        """Begin a new pass."""
        super().reset()
        self._counts.fill(0)

    def _resize(self, rows: int) -> None:
        """Do nothing: there is no workspace."""

    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        self._counts += count_labels(outputs, batch.y, weights)
        correct = _all_correct(outputs, batch.y)
        if weights is None:
            self.sums["correct"] += int(np.count_nonzero(correct))
        else:
            # Summed in the order of the total weight, so that it is equal if all are correct.
            self.sums["correct"] += float(np.add.reduce(weights * correct))

    def _result(self) -> Mapping[str, Metric | None]:
        found: dict[str, Metric | None] = {}
        for name in self._names:
            subset_accuracy = self.sums["correct"] / self.weight
            found |= _combine(name, LabelCounts(*self._counts), subset_accuracy)
        return found


class BufferedLabelMetric(BufferedMetric):
    """All multi-label metrics.

    Args:
        names: names of the requested metrics.
        split: arrays of the rows of a pass.
        labels: number of labels.
    """

    def __init__(self, names: Sequence[MetricName], split: SplitArrays, labels: int) -> None:
        super().__init__(names, split, labels, labels)

    def _compute(
        self, arrays: Mapping[str, Floats], weights: Weights
    ) -> Mapping[str, Metric | None]:
        outputs, targets = arrays["outputs"], arrays["targets"]
        counts = LabelCounts(*count_labels(outputs, targets, weights))
        subset_accuracy = weighted_mean(_all_correct(outputs, targets), weights)
        found: dict[str, Metric | None] = {}
        for name in self._names:
            if name in RANKING_METRICS:
                metric = RANKING_METRICS[name]
                columns = zip(outputs.T, targets.T, strict=True)
                values = [metric(_scores(p, y, weights)) for p, y in columns]
                found |= mean_and_list(name, PER_LABEL, values)
            else:
                found |= _combine(name, counts, subset_accuracy)
        return found


def _scores(probabilities: Floats, targets: Floats, weights: Weights) -> ClassScores:
    """Return the scores of one label as those of two classes."""
    both: Floats = np.stack((1 - probabilities, probabilities), axis=1)
    return ClassScores(both, targets.astype(np.intp), are_probabilities=True, weights=weights)
