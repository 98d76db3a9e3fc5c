"""Readers of shuffled batches: from arrays in memory, or window by window from other storage."""

from abc import ABC, abstractmethod
from bisect import bisect_right

import numpy as np

from engine.arrays import Indices
from engine.data.shuffle import ShuffleOrder
from engine.data.split_arrays import Batch, SplitArrays


class BatchReader(ABC):
    """Reads the rows of a batch; the returned arrays are valid until the next call."""

    @abstractmethod
    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Batch:
        """Return the rows at positions start … stop − 1 of the epoch; at most one batch."""


class InMemoryReader(BatchReader):
    """Reads rows of in-memory arrays by index.

    Args:
        split: the arrays, in memory.
        order: row order of each epoch.
        size: rows of the largest batch.
    """

    def __init__(self, split: SplitArrays, order: ShuffleOrder, size: int) -> None:
        self._split = split
        self._x, self._y, *self._others = (np.asarray(array) for array in split.distinct)
        self._x_batch = np.empty((size, *split.x.shape[1:]), split.x.dtype)
        self._y_batch = np.empty((size, *split.y.shape[1:]), split.y.dtype)
        self._order = order
        self._rows: Indices | None = None

    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""
        if self._order.begin(epoch) or self._rows is None:
            self._rows = self._order.indices()

    def read(self, start: int, stop: int) -> Batch:
        """Return the rows at positions start … stop − 1 of the epoch; at most one batch."""
        assert self._rows is not None  # noqa: S101 - begun
        rows = self._rows[start:stop]
        x, y = self._x_batch[: len(rows)], self._y_batch[: len(rows)]
        # "clip" writes directly into `out`; the default mode buffers the result first.
        self._x.take(rows, 0, x, "clip")
        self._y.take(rows, 0, y, "clip")
        return self._split.batch((x, y, *(array[rows] for array in self._others)))


class WindowedReader(BatchReader):
    """Reads the blocks of one window at a time; arguments as for `InMemoryReader`."""

    def __init__(self, split: SplitArrays, order: ShuffleOrder, size: int) -> None:
        self._split = split
        self._sources = split.distinct
        self._order = order
        self._window = -1
        self._permutation: Indices = np.empty(0, np.intp)
        rows = order.window_rows
        self._window_rows = [np.empty((rows, *s.shape[1:]), s.dtype) for s in self._sources]
        self._batch = [np.empty((size, *s.shape[1:]), s.dtype) for s in self._sources]

    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""
        if self._order.begin(epoch):
            self._window = -1

    def read(self, start: int, stop: int) -> Batch:
        """Return the rows at positions start … stop − 1 of the epoch; at most one batch."""
        starts, position = self._order.starts, start
        while position < stop:
            window = bisect_right(starts, position) - 1
            window_stop = min(stop, starts[window + 1])
            self._open(window)
            first = starts[window]
            rows = self._permutation[position - first : window_stop - first]
            for read, batch in zip(self._window_rows, self._batch, strict=True):
                read.take(rows, 0, batch[position - start : window_stop - start], "clip")
            position = window_stop
        return self._split.batch([batch[: stop - start] for batch in self._batch])

    def _open(self, window: int) -> None:
        """Read the blocks of a window unless it is already loaded."""
        if window == self._window:
            return
        start = 0
        for block in self._order.blocks(window):
            stop = start + block.stop - block.start
            for source, read in zip(self._sources, self._window_rows, strict=True):
                read[start:stop] = source[block]
            start = stop
        self._permutation = self._order.permutation(window)
        self._window = window
