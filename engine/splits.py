"""Which rows are trained on, and which are held out."""

import numpy as np

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
