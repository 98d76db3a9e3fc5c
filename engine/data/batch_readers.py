"""Batches of shuffled rows: taken from arrays in memory, or read elsewhere window by window."""

from abc import ABC, abstractmethod
from bisect import bisect_right

import numpy as np

from engine.arrays import Floats, Indices, Targets
from engine.data.rows import Rows
from engine.data.shuffle import ShuffleOrder

Batch = tuple[Floats, Targets, Floats | None]


class BatchReader(ABC):
    """Takes the rows of a batch together; what it gives is valid until it is asked again."""

    @abstractmethod
    def begin(self, epoch: int) -> None:
        """Take the order of that epoch."""

    @abstractmethod
    def take(self, start: int, stop: int) -> Batch:
        """The rows from one place in the epoch to another, at most a batch."""


class InMemoryReader(BatchReader):
    """Takes rows by their index.

    Args:
        x: inputs, `(rows, in_features)`.
        y: targets, `(rows, …)`.
        weights: how much each row counts, `(rows,)`; None if all count alike.
        order: of the rows.
        size: rows of the largest batch.
    """

    def __init__(
        self, x: Floats, y: Targets, weights: Floats | None, order: ShuffleOrder, size: int
    ) -> None:
        self._x, self._y, self._weights = x, y, weights
        self._x_batch = np.empty((size, *x.shape[1:]), x.dtype)
        self._y_batch = np.empty((size, *y.shape[1:]), y.dtype)
        self._order = order
        self._rows: Indices | None = None

    def begin(self, epoch: int) -> None:
        """Take the order of that epoch."""
        if self._order.begin(epoch) or self._rows is None:
            self._rows = self._order.whole()

    def take(self, start: int, stop: int) -> Batch:
        """The rows from one place in the epoch to another, at most a batch."""
        assert self._rows is not None  # noqa: S101 - begun
        rows = self._rows[start:stop]
        x, y = self._x_batch[: len(rows)], self._y_batch[: len(rows)]
        # "clip" writes straight into `out`; the default mode goes through a copy to be safe.
        self._x.take(rows, 0, x, "clip")
        self._y.take(rows, 0, y, "clip")
        return x, y, None if self._weights is None else self._weights[rows]


class WindowedReader(BatchReader):
    """Reads a window's blocks, and takes rows from them; arguments as of `InMemoryReader`."""

    def __init__(
        self, x: Rows, y: Rows, weights: Rows | None, order: ShuffleOrder, size: int
    ) -> None:
        self._sources = [x, y] if weights is None else [x, y, weights]
        self._order = order
        self._window = -1
        self._permutation: Indices = np.empty(0, np.intp)
        rows = order.window_rows
        self._read = [np.empty((rows, *s.shape[1:]), s.dtype) for s in self._sources]
        self._batch = [np.empty((size, *s.shape[1:]), s.dtype) for s in self._sources]

    def begin(self, epoch: int) -> None:
        """Take the order of that epoch."""
        if self._order.begin(epoch):
            self._window = -1

    def take(self, start: int, stop: int) -> Batch:
        """The rows from one place in the epoch to another, at most a batch."""
        starts, place = self._order.starts, start
        while place < stop:
            window = bisect_right(starts, place) - 1
            end = min(stop, starts[window + 1])
            self._open(window)
            first = starts[window]
            rows = self._permutation[place - first : end - first]
            for read, batch in zip(self._read, self._batch, strict=True):
                read.take(rows, 0, batch[place - start : end - start], "clip")
            place = end
        x, y, *weights = (batch[: stop - start] for batch in self._batch)
        return x, y, weights[0] if weights else None

    def _open(self, window: int) -> None:
        """Read the blocks of a window, unless they are here."""
        if window == self._window:
            return
        start = 0
        for block in self._order.blocks(window):
            stop = start + block.stop - block.start
            for source, read in zip(self._sources, self._read, strict=True):
                read[start:stop] = source[block]
            start = stop
        self._permutation = self._order.permutation(window)
        self._window = window
