"""Metrics of predicted classes beside the true ones."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.arrays import Floats, Indices
from engine.specs import MetricName


@dataclass(frozen=True)
class ClassPredictions:
    """The class that was predicted for each row, and the row's own.

    Attributes:
        predicted: class indices, `(rows,)`.
        true: class indices, `(rows,)`.
        classes: how many there are.
    """

    predicted: Indices
    true: Indices
    classes: int

    @cached_property
    def right_counts(self) -> Floats:
        """Rows of each class that it was predicted for, shape `(classes,)`."""
        return self._count(self.true[self.predicted == self.true])

    @cached_property
    def predicted_counts(self) -> Floats:
        """Rows that each class was predicted for, shape `(classes,)`."""
        return self._count(self.predicted)

    @cached_property
    def true_counts(self) -> Floats:
        """Rows of each class, shape `(classes,)`."""
        return self._count(self.true)

    def _count(self, indices: Indices) -> Floats:
        return np.bincount(indices, minlength=self.classes).astype(np.float64)


def confusion_matrix(found: ClassPredictions) -> Floats:
    """Rows of class i that class j was predicted for, at [i, j], shape `(classes, classes)`."""
    pairs = found.true * found.classes + found.predicted
    counts = np.bincount(pairs, minlength=found.classes**2)
    return counts.reshape(found.classes, found.classes).astype(np.float64)


def accuracy(found: ClassPredictions) -> float:
    """Share of rows whose class was predicted."""
    return float(found.right_counts.sum() / len(found.true))


def precision_per_class(found: ClassPredictions) -> Floats:
    """For each class, the share of its predictions that were right; 0 if there are none."""
    return _ratio(found.right_counts, found.predicted_counts)


def recall_per_class(found: ClassPredictions) -> Floats:
    """For each class, the share of its rows that it was predicted for; 0 if there are none."""
    return _ratio(found.right_counts, found.true_counts)


def f1_per_class(found: ClassPredictions) -> Floats:
    """For each class, 2 · precision · recall / (precision + recall); 0 if both are."""
    return _ratio(2 * found.right_counts, found.predicted_counts + found.true_counts)


def precision(found: ClassPredictions) -> float:
    """Mean of the classes' precisions."""
    return float(np.mean(precision_per_class(found)))


def recall(found: ClassPredictions) -> float:
    """Mean of the classes' recalls."""
    return float(np.mean(recall_per_class(found)))


def f1(found: ClassPredictions) -> float:
    """Mean of the classes' F1."""
    return float(np.mean(f1_per_class(found)))


def balanced_accuracy(found: ClassPredictions) -> float:
    """Mean of the recalls of those classes that have rows."""
    return float(np.mean(recall_per_class(found)[found.true_counts > 0]))


def matthews(found: ClassPredictions) -> float:
    """R_k = (c s − Σ p_k t_k) / √((s² − Σ p_k²) (s² − Σ t_k²)); 0 if either factor is.

    Of s rows c are right; class k has t_k of them and was predicted p_k times. From −1 to 1.
    Source: Gorodkin 2004.
    """
    rows, right = len(found.true), found.right_counts.sum()
    predicted, true = found.predicted_counts, found.true_counts
    spread = (rows**2 - predicted @ predicted) * (rows**2 - true @ true)
    return float((right * rows - predicted @ true) / math.sqrt(spread)) if spread else 0.0


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Part / whole, 0 where the whole is 0."""
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
