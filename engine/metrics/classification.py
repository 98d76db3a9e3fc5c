"""Classification metrics of predicted and true classes."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.arrays import Floats, Indices
from engine.specs import MetricName


@dataclass(frozen=True)
class ClassPredictions:
    """The predicted and the true class of each row.

    Attributes:
        predicted: predicted class indices, `(rows,)`.
        true: true class indices, `(rows,)`.
        classes: number of classes.
    """

    predicted: Indices
    true: Indices
    classes: int

    @cached_property
    def correct_counts(self) -> Floats:
        """Correct predictions per class (true positives), shape `(classes,)`."""
        return self._count(self.true[self.predicted == self.true])

    @cached_property
    def predicted_counts(self) -> Floats:
        """Predictions per class, shape `(classes,)`."""
        return self._count(self.predicted)

    @cached_property
    def true_counts(self) -> Floats:
        """Rows per true class, shape `(classes,)`."""
        return self._count(self.true)

    def _count(self, indices: Indices) -> Floats:
        return np.bincount(indices, minlength=self.classes).astype(np.float64)


def confusion_matrix(predictions: ClassPredictions) -> Floats:
    """Return the number of rows of class i predicted as class j at [i, j], `(classes, classes)`."""
    pairs = predictions.true * predictions.classes + predictions.predicted
    counts = np.bincount(pairs, minlength=predictions.classes**2)
    return counts.reshape(predictions.classes, predictions.classes).astype(np.float64)


def accuracy(predictions: ClassPredictions) -> float:
    """Return the fraction of rows with a correct prediction."""
    return float(predictions.correct_counts.sum() / len(predictions.true))


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


def precision(predictions: ClassPredictions) -> float:
    """Return the mean precision over classes."""
    return float(np.mean(precision_per_class(predictions)))


def recall(predictions: ClassPredictions) -> float:
    """Return the mean recall over classes."""
    return float(np.mean(recall_per_class(predictions)))


def f1(predictions: ClassPredictions) -> float:
    """Return the mean F1 over classes."""
    return float(np.mean(f1_per_class(predictions)))


def balanced_accuracy(predictions: ClassPredictions) -> float:
    """Return the mean recall over the classes that have rows."""
    return float(np.mean(recall_per_class(predictions)[predictions.true_counts > 0]))


def matthews(predictions: ClassPredictions) -> float:
    """R_K = (c s − Σ p_k t_k) / √((s² − Σ p_k²) (s² − Σ t_k²)); 0 if either factor is 0.

    With s rows, c of them correct, t_k rows of class k and p_k predictions of it. Between −1 and 1.
    Source: Gorodkin 2004.
    """
    rows, correct = len(predictions.true), predictions.correct_counts.sum()
    predicted, true = predictions.predicted_counts, predictions.true_counts
    spread = (rows**2 - predicted @ predicted) * (rows**2 - true @ true)
    return float((correct * rows - predicted @ true) / math.sqrt(spread)) if spread else 0.0


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, 0 where the whole is 0."""
    ratio: Floats = np.zeros_like(whole)
    return np.divide(part, whole, out=ratio, where=whole > 0)


PREDICTION_METRICS: dict[MetricName, Callable[[ClassPredictions], float | Floats]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "precision_per_class": precision_per_class,
    "recall_per_class": recall_per_class,
    "f1_per_class": f1_per_class,
    "matthews": matthews,
    "confusion_matrix": confusion_matrix,
}
