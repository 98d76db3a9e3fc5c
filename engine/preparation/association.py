"""Measures of how well single columns predict a target, for many columns at once.

Values have the shape `(rows, columns)`; NaN is a missing value, which is left out.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def separated_by_range(values: Numbers, codes: Indices) -> Flags:
    """Return which columns have disjoint ranges of values per class, `(columns,)`."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    by_class = values[order]
    lower = np.fmin.reduceat(by_class, starts, axis=0)
    upper = np.fmax.reduceat(by_class, starts, axis=0)
    ascending = np.argsort(lower, axis=0)
    lower = np.take_along_axis(lower, ascending, axis=0)
    upper = np.take_along_axis(upper, ascending, axis=0)
    # False for a class without values, which is NaN.
    return np.asarray(np.less(upper[:-1], lower[1:]).all(axis=0))


def separated_by_value(values: Numbers, codes: Indices) -> Flags:
    """Return which columns have no value that occurs in two classes, `(columns,)`."""
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    is_repeated = ordered[1:] == ordered[:-1]
    differ = np.diff(codes[order], axis=0) != 0
    separated: Flags = ~(is_repeated & differ).any(axis=0)
    return separated


def correlations(values: Numbers, target: Numbers) -> Numbers:
    """Return the absolute Pearson correlation of each column with the target; 0 if constant."""
    present = ~np.isnan(values)
    count = np.maximum(present.sum(axis=0), 1)
    y = np.where(present, target[:, np.newaxis], 0.0)
    x = np.where(present, values, 0.0)
    with np.errstate(all="ignore"):
        x = np.where(present, x - x.sum(axis=0) / count, 0.0)
        y = np.where(present, y - y.sum(axis=0) / count, 0.0)
        # Scaled first: squares of numbers near the largest float overflow.
        x, y = x / np.abs(x).max(axis=0), y / np.abs(y).max(axis=0)
        found = np.abs((x * y).sum(axis=0)) / np.sqrt((x * x).sum(axis=0) * (y * y).sum(axis=0))
    result: Numbers = np.nan_to_num(found, nan=0.0, posinf=0.0)
    return result


def correlation_ratio(groups: Indices, target: Numbers) -> float:
    """Return η, the square root of the share of the target's variance between the groups."""
    counts = np.bincount(groups)
    with np.errstate(all="ignore"):
        centered = target - target.mean()
        # Scaled first, as in `correlations`.
        centered = centered / np.abs(centered).max()
        sums = np.bincount(groups, centered)
        between = np.square(sums[counts > 0]) @ (1 / counts[counts > 0])
        ratio = float(np.sqrt(between / (centered @ centered)))
    return ratio if math.isfinite(ratio) else 0.0


def log_chance_of_ranges(codes: Indices) -> float:
    """Return the log probability that shuffled classes have disjoint ranges: k! ∏ n_c! / n!."""
    counts = np.bincount(codes)
    counts = counts[counts > 0]
    found = math.lgamma(len(counts) + 1) - math.lgamma(len(codes) + 1)
    return found + sum(math.lgamma(count + 1) for count in counts.tolist())


def log_chance_of_values(repetitions: int, codes: Indices) -> float:
    """Return the log probability that shuffled classes agree in all repetitions of a value.

    Two rows are of one class with probability Σ p_c².
    """
    shares = np.bincount(codes) / len(codes)
    return repetitions * math.log(float(shares @ shares))
