"""Metrics of class scores `(rows, classes)` against true class indices `(rows,)`."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.specs import MetricName


def top_k_accuracy(scores: Floats, classes: Indices, k: int) -> float:
    """Return the fraction of rows whose class is in the top k; ties go to the lower class index."""
    own = scores[np.arange(len(classes)), classes][:, np.newaxis]
    precedes = np.arange(scores.shape[1]) < classes[:, np.newaxis]
    better = (scores > own) | ((scores == own) & precedes)
    return float(np.mean(np.count_nonzero(better, axis=1) < k))


def log_loss(scores: Floats, classes: Indices) -> float | None:
    """Return the mean of −log p_class, p the scores divided by their sum, clipped to [ε, 1 − ε].

    ε is the machine epsilon of the scores' dtype. None if a score is outside [0, 1]: the scores
    are not probabilities.
    """
    if not _are_probabilities(scores):
        return None
    epsilon = np.finfo(scores.dtype).eps
    total = np.maximum(scores.sum(axis=1), epsilon)
    p = np.clip(scores[np.arange(len(classes)), classes] / total, epsilon, 1 - epsilon)
    return float(-np.mean(np.log(p), dtype=np.float64))


def roc_auc(scores: Floats, classes: Indices) -> float | None:
    """Return the area under the ROC curve; None if all rows are of one class.

    Two classes are ranked by the probability of the second, or by its score minus the first's if
    the scores are not probabilities. For more classes, the mean of one-vs-rest areas over the
    classes that have rows.
    """
    return _one_vs_rest(_roc_area, scores, classes)


def pr_auc(scores: Floats, classes: Indices) -> float | None:
    """Return the average precision, over classes as in `roc_auc`."""
    return _one_vs_rest(_average_precision, scores, classes)


def _one_vs_rest(
    area: Callable[[Floats, NDArray[np.bool_]], float], scores: Floats, classes: Indices
) -> float | None:
    present = np.unique(classes)
    if len(present) < 2:
        return None
    if scores.shape[1] == 2:
        score = scores[:, 1] if _are_probabilities(scores) else scores[:, 1] - scores[:, 0]
        return area(score, classes == 1)
    return float(np.mean([area(scores[:, index], classes == index) for index in present]))


def _are_probabilities(scores: Floats) -> bool:
    return bool(scores.min() >= 0 and scores.max() <= 1)


def _roc_area(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the fraction of (positive, negative) pairs ranked correctly; ties count half.

    (R − P (P + 1) / 2) / (P N), R the sum of the P positives' ranks (Mann and Whitney 1947).
    """
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    positives = np.count_nonzero(positive)
    negatives = len(positive) - positives
    above = ranks[index[positive]].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _average_precision(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Return Σ (R_n − R_{n−1}) P_n, with precision and recall at each distinct score threshold."""
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    gained = np.bincount(index[positive], minlength=len(counts))[::-1]
    precision = np.cumsum(gained) / np.cumsum(counts[::-1])
    return float(gained @ precision / gained.sum())


SCORE_METRICS: dict[MetricName, Callable[[Floats, Indices], float | None]] = {
    "top_2_accuracy": partial(top_k_accuracy, k=2),
    "top_3_accuracy": partial(top_k_accuracy, k=3),
    "top_5_accuracy": partial(top_k_accuracy, k=5),
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "log_loss": log_loss,
}
