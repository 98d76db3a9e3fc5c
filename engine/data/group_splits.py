"""Splits that keep all rows of a group on one side."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, NumericColumn
from engine.random import Stream, generator


def group_indices(column: Column, rows: Indices) -> Indices:
    """Return the group of each of the rows, 0 … group_count − 1; a missing value is its own group.

    Args:
        column: column that names the groups.
        rows: row indices.
    """
    values: NDArray[Any] = column.values if isinstance(column, NumericColumn) else column.codes
    values = values[rows]
    is_missing = np.isnan(values) if isinstance(column, NumericColumn) else values < 0
    groups = np.empty(len(rows), np.intp)
    named, groups[~is_missing] = np.unique(values[~is_missing], return_inverse=True)
    groups[is_missing] = len(named) + np.arange(np.count_nonzero(is_missing))
    return groups


@dataclass(frozen=True)
class _ClassCounts:
    """Rows per group and class, without the zeros.

    Attributes:
        starts: position of each group's first entry; group `g` has `starts[g] … starts[g + 1]`.
        classes: class of each entry.
        rows: number of rows of each entry.
        totals: rows per class, `(classes,)`, at least 1.
    """

    starts: Indices
    classes: Indices
    rows: Indices
    totals: Indices


def _count_classes(groups: Indices, classes: Indices) -> _ClassCounts:
    class_count = int(classes.max()) + 1
    entries, rows = np.unique(groups * class_count + classes, return_counts=True)
    group_count = int(groups.max()) + 1
    return _ClassCounts(
        starts=np.searchsorted(entries, np.arange(group_count + 1) * class_count),
        classes=entries % class_count,
        rows=rows,
        totals=np.maximum(np.bincount(classes), 1),
    )


def split_groups(
    groups: Indices, classes: Indices, fraction: float, seed: int, stream: Stream = Stream.SPLIT
) -> tuple[Indices, Indices]:
    """Return training and validation rows, each in ascending order; no group is in both.

    Groups are drawn in random order; a group validates if that brings the share of validation rows
    nearer to the fraction: Σ over classes of (share − fraction)². Each side has at least one group.

    Args:
        groups: each row's group, `(rows,)`, 0 … group_count − 1; at least two groups.
        classes: each row's class, `(rows,)`; all 0 if not stratified.
        fraction: share of validation rows.
        seed: the job's seed.
        stream: random stream of the split.
    """
    sizes = np.bincount(groups)
    order = generator(seed, stream).permutation(len(sizes))
    is_validation = _select_groups(_count_classes(groups, classes), order, fraction)
    if is_validation.all() or not is_validation.any():
        smallest = order[np.argmin(sizes[order])]
        is_validation[smallest] = not is_validation[smallest]
    selected = is_validation[groups]
    return np.flatnonzero(~selected), np.flatnonzero(selected)


def _select_groups(counts: _ClassCounts, order: Indices, fraction: float) -> NDArray[np.bool_]:
    """Return which groups validate, `(groups,)`."""
    # Lists: this runs once per group, and most groups have few classes.
    starts, classes, rows = counts.starts.tolist(), counts.classes.tolist(), counts.rows.tolist()
    totals = counts.totals.tolist()
    wanted = [fraction * total for total in totals]
    selected = np.zeros(len(order), np.bool_)
    for group in order.tolist():
        entries = range(starts[group], starts[group + 1])
        gain = 0.0
        for entry in entries:
            label = classes[entry]
            gain += rows[entry] * (2 * wanted[label] - rows[entry]) / totals[label] ** 2
        if gain > 0:
            selected[group] = True
            for entry in entries:
                wanted[classes[entry]] -= rows[entry]
    return selected


def draw_group_folds(
    groups: Indices, classes: Indices, folds: int, seed: int, repeat: int = 0
) -> Indices:
    """Return the fold of each row, `(rows,)`; all rows of a group are in one fold.

    Greedy, largest group first, groups of equal size in random order: each group goes to the fold
    with the lowest Σ over its classes of (fold's rows · group's rows) / (rows of the class)², which
    keeps the folds' shares of every class most alike; among equals to the fold with the fewest
    rows. With one class this is scikit-learn's `GroupKFold`, otherwise like `StratifiedGroupKFold`.

    Args:
        groups: each row's group, `(rows,)`, 0 … group_count − 1; at least `folds` groups.
        classes: each row's class, `(rows,)`; all 0 for regression.
        folds: number of folds.
        seed: the job's seed.
        repeat: index of the repetition.
    """
    sizes = np.bincount(groups)
    order = generator(seed, Stream.FOLDS, repeat).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    counts = _count_classes(groups, classes)
    filled = _Folds(folds, len(counts.totals))
    single = np.count_nonzero(sizes > 1)
    fold_of = np.empty(len(sizes), np.intp)
    fold_of[order[:single]] = _distribute(counts, order[:single], filled)
    # Groups of one row, possibly very many, are distributed together.
    singles = order[single:]
    labels = counts.classes[counts.starts[singles]]
    for label in np.unique(labels).tolist():
        mine = singles[labels == label]
        fold_of[mine] = filled.add_singles(label, len(mine))
    return fold_of[groups]


class _Folds:
    """Rows per class and fold, as lists (classes, folds), and rows per fold."""

    def __init__(self, folds: int, classes: int) -> None:
        self.counts = [[0] * folds for _ in range(classes)]
        self.sizes = [0] * folds

    def add(self, classes: list[int], rows: list[int], weights: list[float]) -> int:
        """Add a group with these rows per class to the most suitable fold; return the fold."""
        alike = [0.0] * len(self.sizes)
        for label, weight in zip(classes, weights, strict=True):
            alike = [a + weight * n for a, n in zip(alike, self.counts[label], strict=True)]
        _, _, fold = min(zip(alike, self.sizes, range(len(alike)), strict=True))
        for label, added in zip(classes, rows, strict=True):
            self.counts[label][fold] += added
            self.sizes[fold] += added
        return fold

    def add_singles(self, label: int, rows: int) -> Indices:
        """Add groups of one row of a class where the class has fewest rows; return their folds."""
        counts, sizes = np.array(self.counts[label]), np.array(self.sizes)
        lowest = np.argsort(counts, kind="stable")
        ascending = counts[lowest]
        # Rows that raise all folds with fewer rows of the class to the count of each.
        needed = ascending * np.arange(len(counts)) - (np.cumsum(ascending) - ascending)
        raised = lowest[: np.searchsorted(needed, rows, side="right")]
        level, rest = divmod(rows + int(counts[raised].sum()), len(raised))
        added = np.zeros(len(counts), np.intp)
        added[raised] = level - counts[raised]
        fewest = raised[np.argsort((sizes + added)[raised], kind="stable")]
        added[fewest[:rest]] += 1
        self.counts[label] = (counts + added).tolist()
        self.sizes = (sizes + added).tolist()
        return np.repeat(np.arange(len(counts)), added)


def _distribute(counts: _ClassCounts, order: Indices, filled: _Folds) -> list[int]:
    """Add the groups to the folds one after the other; return the fold of each."""
    # Lists: this runs once per group, and most groups have few classes.
    starts, classes, rows = counts.starts.tolist(), counts.classes.tolist(), counts.rows.tolist()
    weights = (counts.rows / counts.totals[counts.classes] ** 2).tolist()
    bounds = [(starts[group], starts[group + 1]) for group in order.tolist()]
    return [filled.add(classes[a:b], rows[a:b], weights[a:b]) for a, b in bounds]
