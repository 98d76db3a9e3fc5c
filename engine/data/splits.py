"""Training/validation splits: random, stratified, ordered by a column, or into folds."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.random import Stream, generator


def count_validation_rows(rows: int, fraction: float, classes: int = 1) -> int:
    """Return the number of validation rows: the rounded fraction, but at least one.

    At least `classes` rows are left for training. Zero or less if that is impossible.
    """
    return min(max(1, round(rows * fraction)), rows - classes)


def split(
    rows: int, fraction: float, seed: int, stream: Stream = Stream.SPLIT
) -> tuple[Indices, Indices]:
    """Return random training and validation rows, each in ascending order."""
    order = generator(seed, stream).permutation(rows)
    validation_count = count_validation_rows(rows, fraction)
    return np.sort(order[validation_count:]), np.sort(order[:validation_count])


def split_by_class(
    classes: Indices, fraction: float, seed: int, stream: Stream = Stream.SPLIT
) -> tuple[Indices, Indices]:
    """Return stratified training and validation rows, each in ascending order.

    Every class has the same validation share and keeps a training row. Rows lost to rounding down
    go to the classes with the largest remainder (the largest remainder method).

    Args:
        classes: each row's class, shape `(rows,)`, 0 … class_count − 1.
        fraction: share of validation rows.
        seed: the job's seed.
        stream: random stream of the split.
    """
    order = generator(seed, stream).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    counts = np.bincount(classes)
    validation_counts = _validation_counts(counts, fraction)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(classes)) - np.repeat(first, counts)
    is_validation = rank < np.repeat(validation_counts, counts)
    return np.sort(by_class[~is_validation]), np.sort(by_class[is_validation])


def _validation_counts(counts: Indices, fraction: float) -> Indices:
    """Return the number of validation rows per class."""
    present = counts > 0
    total = count_validation_rows(int(counts.sum()), fraction, int(present.sum()))
    most = np.where(present, counts - 1, 0)
    quota = counts * fraction
    share: Indices = np.minimum(np.floor(quota).astype(np.intp), most)
    while share.sum() < total:
        remainder = np.where(share < most, quota - share, -np.inf)
        share[np.argmax(remainder)] += 1
    return share


def split_by_order(values: NDArray[np.float64], fraction: float) -> tuple[Indices, Indices]:
    """Return training rows, and the rows that are last in a column's order as validation rows.

    Each is in ascending order. Rows with equal values are ordered by index. Rows without a value
    (NaN) are training rows.
    """
    present = np.flatnonzero(~np.isnan(values))
    validation_count = min(count_validation_rows(len(values), fraction), len(present))
    by_value = present[np.argsort(values[present], kind="stable")]
    is_validation = np.zeros(len(values), np.bool_)
    is_validation[by_value[len(present) - validation_count :]] = True
    return np.flatnonzero(~is_validation), np.flatnonzero(is_validation)


def draw_folds(classes: Indices, folds: int, seed: int, repeat: int = 0) -> Indices:
    """Return the fold of each row, `(rows,)`: random and stratified.

    Fold sizes differ by at most one row, in total and per class.

    Args:
        classes: each row's class, shape `(rows,)`; all 0 for regression.
        folds: number of folds.
        seed: the job's seed.
        repeat: index of the repetition; each draws its folds anew.
    """
    order = generator(seed, Stream.FOLDS, repeat).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    fold_of = np.empty(len(classes), np.intp)
    # Round-robin over the rows sorted by class.
    fold_of[by_class] = np.arange(len(classes)) % folds
    return fold_of
