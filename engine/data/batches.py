"""The rows of an epoch, a batch at a time."""

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
    """Cuts the training rows into batches, in an order that only the seed and the epoch decide.

    Args:
        x: inputs, `(rows, in_features)`, in memory or elsewhere: the batches are the same.
        y: targets, `(rows, …)`.
        weights: how much each row counts, `(rows,)`; None if all count alike.
        batch_size: rows of a batch, the last one being shorter; "full" takes all rows at once.
        shuffle: whether every epoch has an order of its own.
        seed: of the job.
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
        everything = slice(0, self._rows)
        if self.steps == 1:
            # One batch of all rows is the data themselves: they are read once, for all epochs.
            x, y = x[everything], y[everything]
            weights = None if weights is None else weights[everything]
        self._x, self._y, self._weights = x, y, weights
        # It has the same gradient in any order: nothing is gathered.
        self._gatherer = self._build_reader(seed) if shuffle and self.steps > 1 else None

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
        """Take the order of that epoch."""
        if self._gatherer is not None:
            self._gatherer.begin(epoch)

    def batch(self, step: int) -> Batch:
        """Inputs, targets and weights of a step; valid until the next call."""
        start = step * self._size
        stop = min(start + self._size, self._rows)
        if self._gatherer is not None:
            return self._gatherer.take(start, stop)
        rows = slice(start, stop)
        weights = None if self._weights is None else self._weights[rows]
        return self._x[rows], self._y[rows], weights


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
