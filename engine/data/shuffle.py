"""Row order of an epoch: a function of seed, epoch, row count and row size alone.

Rows are grouped into blocks of a fixed size in bytes. Blocks are permuted, and rows are permuted
within windows of a few consecutive permuted blocks. So only one window must be in memory at a time,
and data no larger than one window are permuted as a whole. The order does not depend on where the
rows are stored or on how much memory is available.
"""

import numpy as np

from engine.arrays import Indices
from engine.random import Stream, generator

BLOCK_BYTES = 2**20
WINDOW_BLOCKS = 16
WINDOW_BYTES = WINDOW_BLOCKS * BLOCK_BYTES


class ShuffleOrder:
    """A permutation of blocks into windows, and of the rows within each window.

    Attributes:
        window_rows: rows of the largest possible window.
        starts: position in the epoch of each window's first row, then the number of rows.

    Args:
        rows: rows per epoch.
        row_bytes: bytes of one row's inputs.
        seed: the job's seed.
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
        """Set the order of the given epoch; return whether it differs from the previous one."""
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
        """Return the row ranges of a window's blocks, in permuted order."""
        chosen = self._blocks[window * WINDOW_BLOCKS : (window + 1) * WINDOW_BLOCKS]
        firsts = self._first_rows[chosen].tolist()
        return [slice(first, min(first + self._block_rows, self._rows)) for first in firsts]

    def permutation(self, window: int) -> Indices:
        """Return the order of a window's rows, as indices into its concatenated blocks."""
        rows = self.starts[window + 1] - self.starts[window]
        if len(self._blocks) == 1:
            return generator(self._seed, Stream.ORDER, self._epoch).permutation(rows)
        # The window counts from 1: a seed sequence ending in 0 equals the one without it.
        return generator(self._seed, Stream.ORDER, self._epoch, window + 1).permutation(rows)

    def indices(self) -> Indices:
        """Return the row indices of the epoch in order, shape `(rows,)`."""
        windows = range(len(self.starts) - 1)
        if len(self._blocks) == 1:
            return self.permutation(0)
        return np.concatenate([self._rows_of(window) for window in windows])

    def _rows_of(self, window: int) -> Indices:
        rows = np.concatenate([np.arange(b.start, b.stop) for b in self.blocks(window)])
        return rows[self.permutation(window)]
