"""Classification metrics of predicted and true classes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.metrics.names import Metric
from engine.metrics.weighted import Weights, weighted_counts
from engine.specs import MetricName


@dataclass(frozen=True)
class ClassPredictions:
    """The predicted and the true class of each row.

    Attributes:
        predicted: predicted class indices, `(rows,)`.
        true: true class indices, `(rows,)`.
        classes: number of classes.
        weights: sample weight of each row, `(rows,)`. Counts are sums of these weights.
    """

    predicted: Indices
    true: Indices
    classes: int
    weights: Weights = None

    @cached_property
    def correct_counts(self) -> Floats:
        """Correct predictions per class (true positives), shape `(classes,)`."""
        is_correct = self.predicted == self.true
        weights = None if self.weights is None else self.weights[is_correct]
        return weighted_counts(self.true[is_correct], weights, self.classes)

    @cached_property
    def predicted_counts(self) -> Floats:
        """Predictions per class, shape `(classes,)`."""
        return weighted_counts(self.predicted, self.weights, self.classes)

    @cached_property
    def true_counts(self) -> Floats:
        """Rows per true class, shape `(classes,)`."""
        return weighted_counts(self.true, self.weights, self.classes)

    @cached_property
    def is_present(self) -> NDArray[np.bool_]:
        """Whether each class has rows, `(classes,)`."""
        return self.true_counts > 0


def confusion_matrix(predictions: ClassPredictions) -> list[list[float]]:
    """Return the rows of class i predicted as class j at [i, j], `(classes, classes)`."""
    classes = predictions.classes
    pairs = predictions.true * classes + predictions.predicted
    counts = weighted_counts(pairs, predictions.weights, classes**2)
    matrix: list[list[float]] = counts.reshape(classes, classes).tolist()
    return matrix


def accuracy(predictions: ClassPredictions) -> float:
    """Return the fraction of rows with a correct prediction."""
    return float(predictions.correct_counts.sum() / predictions.true_counts.sum())


def precision_per_class(predictions: ClassPredictions) -> Floats:
    """Return TP / (TP + FP) per class; 0 for a class without predictions."""
    return _ratio(predictions.correct_counts, predictions.predicted_counts)


def recall_per_class(predictions: ClassPredictions) -> Floats:
    """Return TP / (TP + FN) per class; 0 for a class without rows."""
    return _ratio(predictions.correct_counts, predictions.true_counts)


def f1_per_class(predictions: ClassPredictions) -> Floats:
    """Return 2 · precision · recall / (precision + recall) per class; 0 if both are 0."""
    return _ratio(
        2 * predictions.correct_counts, predictions.predicted_counts + predictions.true_counts
    )


def matthews(predictions: ClassPredictions) -> float:
    """R_K = (c s − Σ p_k t_k) / √((s² − Σ p_k²) (s² − Σ t_k²)); 0 if either factor is 0.

    With s rows, c of them correct, t_k rows of class k and p_k predictions of it. Between −1 and 1.
    Source: Gorodkin 2004.
    """
    predicted, true = predictions.predicted_counts, predictions.true_counts
    # A factor is 0 if there is a single class; rounding of weighted sums would hide it.
    if min(np.count_nonzero(predicted), np.count_nonzero(true)) < 2:
        return 0.0
    rows, correct = true.sum(), predictions.correct_counts.sum()
    spread = (rows**2 - predicted @ predicted) * (rows**2 - true @ true)
    return float((correct * rows - predicted @ true) / math.sqrt(spread))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 0 where the whole is 0."""
    ratio: Floats = np.zeros_like(whole)
    return np.divide(part, whole, out=ratio, where=whole > 0)


def _mean_over_present(
    per_class: Callable[[ClassPredictions], Floats],
) -> Callable[[ClassPredictions], float]:
    """Return the metric that is the mean over the classes that have rows."""
    return lambda found: float(np.mean(per_class(found)[found.is_present]))


def _list_of_present(
    per_class: Callable[[ClassPredictions], Floats],
) -> Callable[[ClassPredictions], list[float | None]]:
    """Return the metric that lists each class, None for a class without rows."""

    def listed(found: ClassPredictions) -> list[float | None]:
        values = zip(per_class(found).tolist(), found.is_present, strict=True)
        return [value if is_present else None for value, is_present in values]

    return listed


PREDICTION_METRICS: dict[MetricName, Callable[[ClassPredictions], Metric]] = {
    "accuracy": accuracy,
    "balanced_accuracy": _mean_over_present(recall_per_class),
    "precision": _mean_over_present(precision_per_class),
    "recall": _mean_over_present(recall_per_class),
    "f1": _mean_over_present(f1_per_class),
    "precision_per_class": _list_of_present(precision_per_class),
    "recall_per_class": _list_of_present(recall_per_class),
    "f1_per_class": _list_of_present(f1_per_class),
    "matthews": matthews,
    "confusion_matrix": confusion_matrix,
}
