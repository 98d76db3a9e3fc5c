"""Which rows are trained on, and which are held out: drawn, in an order, or in folds."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.random import Stream, generator


def count_validation_rows(rows: int, fraction: float, classes: int = 1) -> int:
    """Rows to hold out: the fraction, rounded, but at least one.

    Never so many that fewer training rows than classes remain. Zero or less when that cannot be.
    """
    return min(max(1, round(rows * fraction)), rows - classes)


def split(rows: int, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Training and validation rows, drawn at random, each in ascending order."""
    order = generator(seed, Stream.SPLIT).permutation(rows)
    held_out = count_validation_rows(rows, fraction)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def split_by_class(classes: Indices, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Training and validation rows with the same share of every class, each in ascending order.

    Every class keeps a training row. What rounding leaves over goes to the classes that rounding
    took most from (the largest remainder method).

    Args:
        classes: each row's class, shape `(rows,)`, 0 … class_count − 1.
        fraction: share of the rows to hold out.
        seed: of the job.
    """
    order = generator(seed, Stream.SPLIT).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    counts = np.bincount(classes)
    held_out = _share(counts, fraction)
    first = np.cumsum(counts) - counts
    rank = np.arange(len(classes)) - np.repeat(first, counts)
    is_held_out = rank < np.repeat(held_out, counts)
    return np.sort(by_class[~is_held_out]), np.sort(by_class[is_held_out])


def _share(counts: Indices, fraction: float) -> Indices:
    """Rows to hold out of each class."""
    present = counts > 0
    total = count_validation_rows(int(counts.sum()), fraction, int(present.sum()))
    most = np.where(present, counts - 1, 0)
    quota = counts * fraction
    share: Indices = np.minimum(np.floor(quota).astype(np.intp), most)
    while share.sum() < total:
        owed = np.where(share < most, quota - share, -np.inf)
        share[np.argmax(owed)] += 1
    return share


def split_by_order(values: NDArray[np.float64], fraction: float) -> tuple[Indices, Indices]:
    """Training rows, and the rows that come last in a column; each in ascending order.

    Of rows with the same value the later ones come last. Rows without a value, NaN, are trained on.
    """
    known = np.flatnonzero(~np.isnan(values))
    held_out = min(count_validation_rows(len(values), fraction), len(known))
    by_value = known[np.argsort(values[known], kind="stable")]
    is_held_out = np.zeros(len(values), np.bool_)
    is_held_out[by_value[len(known) - held_out :]] = True
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def draw_folds(classes: Indices, folds: int, seed: int) -> Indices:
    """The fold of each row, `(rows,)`, drawn at random, with the same share of every class.

    Folds differ by one row at most, in all and in every class.

    Args:
        classes: each row's class, shape `(rows,)`; all 0 for numbers.
        folds: how many.
        seed: of the job.
    """
    order = generator(seed, Stream.FOLDS).permutation(len(classes))
    by_class = order[np.argsort(classes[order], kind="stable")]
    fold_of = np.empty(len(classes), np.intp)
    # Dealt out like cards, class after class.
    fold_of[by_class] = np.arange(len(classes)) % folds
    return fold_of
