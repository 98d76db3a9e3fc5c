"""Metrics of class scores against true classes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.metrics.weighted import Weights, weighted_counts, weighted_mean
from engine.specs import MetricName


@dataclass(frozen=True)
class ClassScores:
    """The scores of all classes and the true class of each row.

    Attributes:
        scores: `(rows, classes)`.
        true: true class indices, `(rows,)`.
        are_probabilities: whether the scores are outputs of a softmax or sigmoid.
        weights: sample weight of each row, `(rows,)`.
    """

    scores: Floats
    true: Indices
    are_probabilities: bool
    weights: Weights = None

    @property
    def own(self) -> Floats:
        """Score of each row's true class, `(rows,)`."""
        return self.scores[np.arange(len(self.true)), self.true]


def top_k_accuracy(of: ClassScores, k: int) -> float:
    """Return the fraction of rows whose class is in the top k; ties go to the lower class index."""
    own = of.own[:, np.newaxis]
    precedes = np.arange(of.scores.shape[1]) < of.true[:, np.newaxis]
    better = (of.scores > own) | ((of.scores == own) & precedes)
    return weighted_mean(np.count_nonzero(better, axis=1) < k, of.weights)


def log_loss(of: ClassScores) -> float | None:
    """Return the mean of −log p_class, p the scores divided by their sum, clipped to [ε, 1 − ε].

    ε is the machine epsilon of the scores' dtype. None if the scores are not probabilities.
    """
    if not of.are_probabilities:
        return None
    epsilon = np.finfo(of.scores.dtype).eps
    total = np.maximum(of.scores.sum(axis=1), epsilon)
    p = np.clip(of.own / total, epsilon, 1 - epsilon)
    return -weighted_mean(np.log(p).astype(np.float64), of.weights)


def roc_auc(of: ClassScores) -> float | None:
    """Return the area under the ROC curve; None if all rows are of one class.

    Two classes are ranked by the probability of the second, or by its score minus the first's if
    the scores are not probabilities. For more classes, the mean of one-vs-rest areas over the
    classes that have rows, each ranked by the class's own score.
    """
    return _one_vs_rest(_roc_area, of)


def pr_auc(of: ClassScores) -> float | None:
    """Return the average precision, over classes as in `roc_auc`."""
    return _one_vs_rest(_average_precision, of)


_Area = Callable[[Floats, NDArray[np.bool_], Weights], float]


def _one_vs_rest(area: _Area, of: ClassScores) -> float | None:
    present = np.unique(of.true)
    if len(present) < 2:
        return None
    if of.scores.shape[1] == 2:
        score = of.scores[:, 1]
        if not of.are_probabilities:
            # In float64, so that rounding makes no ties.
            score = score.astype(np.float64) - of.scores[:, 0]
        return area(score, of.true == 1, of.weights)
    areas = [area(of.scores[:, index], of.true == index, of.weights) for index in present]
    return float(np.mean(areas))


def _roc_area(score: Floats, positive: NDArray[np.bool_], weights: Weights) -> float:
    """Return the weighted fraction of (positive, negative) pairs ranked correctly; ties count half.

    Σ_k p_k (N_k + n_k / 2) / (P N), with p_k and n_k the weights of the positives and negatives of
    the k-th distinct score, N_k that of the negatives below it, P and N the totals (Mann and
    Whitney 1947).
    """
    positives, negatives = _weights_per_score(score, positive, weights)
    below = np.cumsum(negatives) - negatives / 2
    return float((positives * below).sum() / (positives.sum() * negatives.sum()))


def _average_precision(score: Floats, positive: NDArray[np.bool_], weights: Weights) -> float:
    """Return Σ (R_n − R_{n−1}) P_n, with precision and recall at each distinct score threshold."""
    positives, negatives = _weights_per_score(score, positive, weights)
    gained = np.ascontiguousarray(positives[::-1])
    found = np.cumsum(gained)
    precision = found / (found + np.cumsum(negatives[::-1]))
    return float(gained @ precision / gained.sum())


def _weights_per_score(
    score: Floats, positive: NDArray[np.bool_], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight of positive and of negative rows per distinct score, ascending."""
    distinct, index = np.unique(score, return_inverse=True)
    shares = np.ones(len(score)) if weights is None else weights
    positives = weighted_counts(index, shares * positive, len(distinct))
    return positives, weighted_counts(index, shares * ~positive, len(distinct))


SCORE_METRICS: dict[MetricName, Callable[[ClassScores], float | None]] = {
    "top_2_accuracy": partial(top_k_accuracy, k=2),
    "top_3_accuracy": partial(top_k_accuracy, k=3),
    "top_5_accuracy": partial(top_k_accuracy, k=5),
    "roc_auc": roc_auc,
    "pr_auc": pr_auc,
    "log_loss": log_loss,
}
