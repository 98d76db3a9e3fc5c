"""Mini-batches of the training rows."""

import math
from typing import Literal

import numpy as np

from engine.data.batch_readers import Batch, BatchReader, InMemoryReader, WindowedReader
from engine.data.rows import Rows
from engine.data.shuffle import ShuffleOrder
from engine.specs import (
    ResolvedSpec,
)

__all__ = ["Batch", "Batches"]


class Batches:
    """Splits the training rows into batches, in an order determined by seed and epoch alone.

    Args:
        x: inputs, `(rows, in_features)`; the batches do not depend on where the rows are stored.
        y: targets, `(rows, …)`; x itself if the inputs are the targets, which are then read once.
        weights: sample weights, `(rows,)`; None if all rows have the same weight.
        batch_size: rows per batch, the last one may be shorter; "full" is one batch of all rows.
        shuffle: whether each epoch has its own order.
        seed: the job's seed.
    """

    def __init__(
        self,
        x: Rows,
        y: Rows,
        weights: Rows | None = None,
        *,
        batch_size: int | Literal["full"],
        shuffle: bool,
        seed: int,
    ) -> None:
        self._rows = len(x)
        self._size = self._rows if batch_size == "full" else min(batch_size, self._rows)
        self.steps = -(-self._rows // self._size)
        all_rows = slice(0, self._rows)
        if self.steps == 1:
            # A single batch is the data themselves: they are read once, for all epochs.
            inputs = x[all_rows]
            x, y = inputs, inputs if y is x else y[all_rows]
            weights = None if weights is None else weights[all_rows]
        self._x, self._y, self._weights = x, y, weights
        # A single batch has the same gradient in any row order, so it is not shuffled.
        self._reader = self._build_reader(seed) if shuffle and self.steps > 1 else None

    def _build_reader(self, seed: int) -> BatchReader:
        x, y, weights = self._x, self._y, self._weights
        row_bytes = math.prod(x.shape[1:]) * x.dtype.itemsize
        order = ShuffleOrder(self._rows, row_bytes, seed)
        if (
            isinstance(x, np.ndarray)
            and isinstance(y, np.ndarray)
            and (weights is None or isinstance(weights, np.ndarray))
        ):
            return InMemoryReader(x, y, weights, order, self._size)
        return WindowedReader(x, y, weights, order, self._size)

    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""
        if self._reader is not None:
            self._reader.begin(epoch)

    def batch(self, step: int) -> Batch:
        """Return inputs, targets and weights of a step; valid until the next call."""
        start = step * self._size
        stop = min(start + self._size, self._rows)
        if self._reader is not None:
            return self._reader.read(start, stop)
        rows = slice(start, stop)
        weights = None if self._weights is None else self._weights[rows]
        x = self._x[rows]
        return x, x if self._y is self._x else self._y[rows], weights


def largest_batch(
    spec: ResolvedSpec, training_rows: int, validation_rows: int, validated_at_once: int
) -> int:
    """The most rows that pass through the network at once, in training and validation.

    Args:
        spec: of the training.
        training_rows: that there are, at most.
        validation_rows: likewise.
        validated_at_once: see `chunk_rows`.
    """
    return max(_batch_rows(spec, training_rows), min(validation_rows, validated_at_once))


def _batch_rows(spec: ResolvedSpec, training_rows: int) -> int:
    if spec.batch_size == "full":
        return training_rows
    return min(spec.batch_size, training_rows)
