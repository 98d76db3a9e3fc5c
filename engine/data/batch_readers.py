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
        self._sources = [np.asarray(array) for array in split.distinct]
        self._buffers = [np.empty((size, *s.shape[1:]), s.dtype) for s in self._sources]
        # All batches but the last have this size.
        self._full_batch = split.batch(self._buffers)
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
        buffers, batch = self._buffers, self._full_batch
        if len(rows) < len(batch.x):
            buffers = [buffer[: len(rows)] for buffer in buffers]
            batch = self._split.batch(buffers)
        for source, buffer in zip(self._sources, buffers, strict=True):
            # "clip" writes directly into `out`; the default mode buffers the result first.
            source.take(rows, 0, buffer, "clip")
        return batch


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
