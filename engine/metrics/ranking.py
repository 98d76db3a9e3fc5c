"""Metrics of the classes' scores, `(rows, classes)`, beside the true classes, `(rows,)`."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.specs import MetricName


def top_k_accuracy(scores: Floats, classes: Indices, k: int) -> float:
    """Share of rows whose class has one of the k largest scores; of equal ones the first count."""
    own = scores[np.arange(len(classes)), classes][:, np.newaxis]
    comes_first = np.arange(scores.shape[1]) < classes[:, np.newaxis]
    better = (scores > own) | ((scores == own) & comes_first)
    return float(np.mean(np.count_nonzero(better, axis=1) < k))


def log_loss(scores: Floats, classes: Indices) -> float | None:
    """Mean of −log p_class, p the scores divided by their sum, clipped to [ε, 1 − ε].

    ε is that of the scores' type. None if a score is not between 0 and 1: then they are no
    probabilities.
    """
    if not _are_probabilities(scores):
        return None
    least = np.finfo(scores.dtype).eps
    total = np.maximum(scores.sum(axis=1), least)
    p = np.clip(scores[np.arange(len(classes)), classes] / total, least, 1 - least)
    return float(-np.mean(np.log(p), dtype=np.float64))


def roc_auc(scores: Floats, classes: Indices) -> float | None:
    """Area under the curve of true over false positives; None with rows of one class only.

    For two classes, of the second's probability, or of its score minus the first's if the scores
    are no probabilities; else the mean over the classes that have rows, each against the rest.
    """
    return _one_against_rest(_ranked_pairs, scores, classes)


def pr_auc(scores: Floats, classes: Indices) -> float | None:
    """Average precision; of which classes, as `roc_auc`."""
    return _one_against_rest(_average_precision, scores, classes)


def _one_against_rest(
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


def _ranked_pairs(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Share of pairs, a positive and a negative row, whose positive scores higher; equal: half.

    (R − P (P + 1) / 2) / (P N), R the sum of the P positives' ranks (Mann and Whitney 1947).
    """
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    positives = np.count_nonzero(positive)
    negatives = len(positive) - positives
    above = ranks[index[positive]].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _average_precision(score: Floats, positive: NDArray[np.bool_]) -> float:
    """Σ (R_n − R_n−1) P_n, precision and recall where all rows of the n highest scores count."""
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
