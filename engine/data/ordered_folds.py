"""Cross-validation in the order of a column: an expanding window of training rows."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices


def count_values(values: NDArray[np.float64]) -> int:
    """Return the number of distinct values; NaN is none."""
    return len(np.unique(values[~np.isnan(values)]))


def ordered_blocks(values: NDArray[np.float64], folds: int) -> Indices:
    """Return the block of each row, `(rows,)`: 0 … folds − 1; −1 precedes the first block.

    Fold k validates block k and trains on all rows of lower blocks. Without ties a block has
    ⌊n / (folds + 1)⌋ of the n rows with a value, and the last block has the highest values, as in
    scikit-learn's `TimeSeriesSplit`. Where equal values lie on both sides of a block's first row,
    the block begins at the nearer end of them instead, so that equal values are in one block; no
    block becomes empty. Rows without a value (NaN) are in block −1.

    Args:
        values: the column that orders the rows, `(rows,)`; more than `folds` distinct values.
        folds: number of folds.
    """
    present = ~np.isnan(values)
    distinct, ranks, counts = np.unique(values[present], return_inverse=True, return_counts=True)
    first_ranks = _first_ranks(counts, folds)
    blocks = np.full(len(values), -1, np.intp)
    blocks[present] = (
        np.searchsorted(first_ranks, np.arange(len(distinct)), side="right")[ranks] - 1
    )
    return blocks


def _first_ranks(counts: Indices, folds: int) -> list[int]:
    """Return the rank of the first distinct value of each block.

    Args:
        counts: rows per distinct value, in ascending order of the values.
        folds: number of blocks.
    """
    rows_before = np.cumsum(counts) - counts
    rows, size = int(counts.sum()), int(counts.sum()) // (folds + 1)
    ranks: list[int] = []
    for block in range(folds):
        start = rows - (folds - block) * size
        nearest = int(np.argmin(np.abs(rows_before - start)))
        # Each block and the rows before the first one keep at least one value.
        lowest = ranks[-1] + 1 if ranks else 1
        ranks.append(max(lowest, min(nearest, len(counts) - (folds - block))))
    return ranks
