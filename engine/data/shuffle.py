"""The order of an epoch's rows: decided by seed, epoch, row count and row size, and nothing else.

Rows are cut into blocks of a fixed size in bytes. Blocks are permuted, and rows are permuted within
windows of a few consecutive permuted blocks. So a window is all that has to be in memory at once,
and data no larger than one window are permuted as a whole. Wherever the rows are, and however much
memory there is, the order is the same.
"""

import numpy as np

from engine.arrays import Indices
from engine.random import Stream, generator

BLOCK_BYTES = 2**20
WINDOW_BLOCKS = 16
WINDOW_BYTES = WINDOW_BLOCKS * BLOCK_BYTES


class ShuffleOrder:
    """Windows of blocks, and the order of the rows within each.

    Attributes:
        window_rows: of the largest window there can be.
        starts: place in the epoch of each window's first row, and the number of rows at the end.

    Args:
        rows: of the epoch.
        row_bytes: size of a row's inputs.
        seed: of the job.
    """

    def __init__(self, rows: int, row_bytes: int, seed: int) -> None:
        self._rows, self._seed, self._epoch = rows, seed, -1
        fits = rows * row_bytes <= WINDOW_BYTES
        self._block_rows = rows if fits else max(1, BLOCK_BYTES // row_bytes)
        self.window_rows = min(rows, self._block_rows * WINDOW_BLOCKS)
        self._first_rows: Indices = np.arange(0, rows, self._block_rows)
        self._blocks: Indices = np.arange(len(self._first_rows))
        self.starts: tuple[int, ...] = (0, rows)
        self.begin(0)

    def begin(self, epoch: int) -> bool:
        """Take the order of that epoch; whether it is another one than before."""
        if epoch == self._epoch:
            return False
        self._epoch = epoch
        if len(self._blocks) > 1:
            self._permute_blocks()
        return True

    def _permute_blocks(self) -> None:
        random = generator(self._seed, Stream.ORDER, self._epoch)
        self._blocks = random.permutation(len(self._blocks))
        first = self._first_rows[self._blocks]
        sizes = np.minimum(self._block_rows, self._rows - first)
        ends = np.cumsum(sizes)[WINDOW_BLOCKS - 1 :: WINDOW_BLOCKS]
        inner = [int(end) for end in ends if end < self._rows]
        self.starts = (0, *inner, self._rows)

    def blocks(self, window: int) -> list[slice]:
        """Which rows a window has, block by block."""
        chosen = self._blocks[window * WINDOW_BLOCKS : (window + 1) * WINDOW_BLOCKS]
        firsts = self._first_rows[chosen].tolist()
        return [slice(first, min(first + self._block_rows, self._rows)) for first in firsts]

    def permutation(self, window: int) -> Indices:
        """The order of a window's rows, as places among the rows of its blocks."""
        rows = self.starts[window + 1] - self.starts[window]
        if len(self._blocks) == 1:
            return generator(self._seed, Stream.ORDER, self._epoch).permutation(rows)
        # Counted from 1: a seed sequence that ends in 0 is the same as one without it.
        return generator(self._seed, Stream.ORDER, self._epoch, window + 1).permutation(rows)

    def whole(self) -> Indices:
        """The rows of the epoch in their order, shape `(rows,)`."""
        windows = range(len(self.starts) - 1)
        if len(self._blocks) == 1:
            return self.permutation(0)
        return np.concatenate([self._rows_of(window) for window in windows])

    def _rows_of(self, window: int) -> Indices:
        rows = np.concatenate([np.arange(b.start, b.stop) for b in self.blocks(window)])
        return rows[self.permutation(window)]
