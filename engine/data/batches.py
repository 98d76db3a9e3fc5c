"""Mini-batches of the training rows."""

import math
from typing import Literal

import numpy as np

from engine.data.batch_readers import BatchReader, InMemoryReader, WindowedReader
from engine.data.shuffle import ShuffleOrder
from engine.data.split_arrays import Batch, SplitArrays
from engine.specs import (
    ResolvedSpec,
)

__all__ = ["Batch", "Batches"]


class Batches:
    """Splits the training rows into batches, in an order determined by seed and epoch alone.

    Args:
        split: the arrays; the batches do not depend on where the rows are stored.
        batch_size: rows per batch, the last one may be shorter; "full" is one batch of all rows.
        shuffle: whether each epoch has its own order.
        seed: the job's seed.
    """

    def __init__(
        self,
        split: SplitArrays,
        *,
        batch_size: int | Literal["full"],
        shuffle: bool,
        seed: int,
    ) -> None:
        self._rows = len(split)
        self._size = self._rows if batch_size == "full" else min(batch_size, self._rows)
        self.steps = -(-self._rows // self._size)
        # A single batch is the data themselves: they are read once, for all epochs.
        self._split = split.read_all() if self.steps == 1 else split
        # A single batch has the same gradient in any row order, so it is not shuffled.
        self._reader = self._build_reader(seed) if shuffle and self.steps > 1 else None

    def _build_reader(self, seed: int) -> BatchReader:
        x = self._split.x
        row_bytes = math.prod(x.shape[1:]) * x.dtype.itemsize
        order = ShuffleOrder(self._rows, row_bytes, seed)
        if all(isinstance(array, np.ndarray) for array in self._split.distinct):
            return InMemoryReader(self._split, order, self._size)
        return WindowedReader(self._split, order, self._size)

    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""
        if self._reader is not None:
            self._reader.begin(epoch)

    def batch(self, step: int) -> Batch:
        """Return the rows of a step; valid until the next call."""
        start = step * self._size
        stop = min(start + self._size, self._rows)
        if self._reader is not None:
            return self._reader.read(start, stop)
        return self._split.read(slice(start, stop))


def largest_batch(
    spec: ResolvedSpec, training_rows: int, evaluated_rows: int, evaluated_at_once: int
) -> int:
    """Return the most rows that pass through the network at once, in training and evaluation.

    Args:
        spec: the training's spec.
        training_rows: upper bound on the training rows.
        evaluated_rows: upper bound on the validation rows and on the test rows.
        evaluated_at_once: see `chunk_rows`.
    """
    return max(_batch_rows(spec, training_rows), min(evaluated_rows, evaluated_at_once))


def _batch_rows(spec: ResolvedSpec, training_rows: int) -> int:
    if spec.batch_size == "full":
        return training_rows
    return min(spec.batch_size, training_rows)
