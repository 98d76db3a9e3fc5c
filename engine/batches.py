"""The rows of an epoch, a batch at a time."""

from typing import Literal

import numpy as np

from engine.arrays import Floats, Indices, Targets
from engine.random import Stream, generator

Batch = tuple[Floats, Targets, Floats | None]


class Batches:
    """Cuts the training rows into batches, in an order that only the seed and the epoch decide.

    Args:
        x: inputs, `(rows, in_features)`.
        y: targets, `(rows, …)`.
        weights: how much each row counts, `(rows,)`; None if all count alike.
        batch_size: rows of a batch, the last one being shorter; "full" takes all rows at once.
        shuffle: whether every epoch has an order of its own.
        seed: of the job.
    """

    def __init__(
        self,
        x: Floats,
        y: Targets,
        weights: Floats | None = None,
        *,
        batch_size: int | Literal["full"],
        shuffle: bool,
        seed: int,
    ) -> None:
        self._x, self._y, self._weights, self._seed = x, y, weights, seed
        self._size = len(x) if batch_size == "full" else min(batch_size, len(x))
        self.steps = -(-len(x) // self._size)
        self._epoch = -1
        self._order: Indices | None = None
        # A batch of all rows has the same gradient in any order: nothing is gathered.
        self._shuffle = shuffle and self.steps > 1
        if self._shuffle:
            self._x_batch = np.empty((self._size, *x.shape[1:]), x.dtype)
            self._y_batch = np.empty((self._size, *y.shape[1:]), y.dtype)

    def begin(self, epoch: int) -> None:
        """Take the order of that epoch."""
        if self._shuffle and epoch != self._epoch:
            self._order = generator(self._seed, Stream.ORDER, epoch).permutation(len(self._x))
            self._epoch = epoch

    def batch(self, step: int) -> Batch:
        """Inputs, targets and weights of a step; valid until the next call."""
        start = step * self._size
        if self._order is None:
            taken = slice(start, start + self._size)
            return self._x[taken], self._y[taken], self._weights_of(taken)
        rows = self._order[start : start + self._size]
        x, y = self._x_batch[: len(rows)], self._y_batch[: len(rows)]
        # "clip" writes straight into `out`; the default mode goes through a copy to be safe.
        self._x.take(rows, 0, x, "clip")
        self._y.take(rows, 0, y, "clip")
        return x, y, self._weights_of(rows)

    def _weights_of(self, rows: Indices | slice) -> Floats | None:
        return None if self._weights is None else self._weights[rows]
