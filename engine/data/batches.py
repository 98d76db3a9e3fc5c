"""Mini-batches of the training rows."""

import math
from typing import Literal

import numpy as np

from engine.arrays import Indices
from engine.data.batch_readers import BatchReader, InMemoryReader, WindowedReader
from engine.data.shuffle import ShuffleOrder
from engine.data.split_arrays import Batch, SplitArrays
from engine.specs import ResolvedSpec, TrainingSpec


class Batches:
    """Splits the training rows into batches, in an order determined by seed and epoch alone.

    Attributes:
        size: rows of each batch but the last.
        steps: number of batches.

    Args:
        split: the arrays; the batches do not depend on where the rows are stored.
        batch_size: rows per batch, the last one may be shorter; "full" is one batch of all rows.
        shuffle: whether each epoch has its own order.
        seed: the job's seed.
        joins_last_row: whether a last batch of one row is joined to the batch before it.
    """

    def __init__(
        self,
        split: SplitArrays,
        *,
        batch_size: int | Literal["full"],
        shuffle: bool,
        seed: int,
        joins_last_row: bool = False,
    ) -> None:
        self._rows, self._seed = len(split), seed
        self.size = self._rows if batch_size == "full" else min(batch_size, self._rows)
        self.steps = _count_batches(self._rows, self.size, joins_last_row=joins_last_row)
        # A single batch is the data themselves: they are read once, for all epochs.
        self._split = split.read_all() if self.steps == 1 else split
        # A single batch has the same gradient in any row order, so it is not shuffled.
        self._reader = self._build_reader(seed) if shuffle and self.steps > 1 else None

    def _build_reader(self, seed: int) -> BatchReader:
        order = self._build_order(seed)
        if all(isinstance(array, np.ndarray) for array in self._split.distinct):
            return InMemoryReader(self._split, order, self._largest)
        return WindowedReader(self._split, order, self._largest)

    def _build_order(self, seed: int) -> ShuffleOrder:
        x = self._split.x
        return ShuffleOrder(self._rows, math.prod(x.shape[1:]) * x.dtype.itemsize, seed)

    @property
    def _largest(self) -> int:
        return max(self.size, self.last_rows)

    @property
    def last_rows(self) -> int:
        """Rows of the last batch."""
        return self._rows - (self.steps - 1) * self.size

    def begin(self, epoch: int) -> None:
        """Set the row order of the given epoch."""
        if self._reader is not None:
            self._reader.begin(epoch)

    def batch(self, step: int) -> Batch:
        """Return the rows of a step; valid until the next call."""
        start, stop = self._span(step)
        if self._reader is not None:
            return self._reader.read(start, stop)
        return self._split.read(slice(start, stop))

    def _span(self, step: int) -> tuple[int, int]:
        start = step * self.size
        return start, self._rows if step == self.steps - 1 else start + self.size

    def positions(self, epoch: int, step: int) -> Indices:
        """Return the positions of a step's rows among all rows, `(batch,)`, in their order."""
        start, stop = self._span(step)
        return self._order_of(epoch)[start:stop]

    def take(self, epoch: int, step: int, count: int) -> tuple[Batch, Indices]:
        """Return copies of `count` rows from the first of a step on, and their positions.

        They are in the order of the epoch, whose first rows follow its last. At most all rows.
        """
        start, _ = self._span(step)
        positions = np.roll(self._order_of(epoch), -start)[: min(count, self._rows)]
        return self._split.take(positions), positions

    def _order_of(self, epoch: int) -> Indices:
        """Return the positions of all rows in the order of an epoch."""
        if self._reader is None:
            return np.arange(self._rows)
        order = self._build_order(self._seed)
        order.begin(epoch)
        return order.indices()


def largest_batch(
    spec: ResolvedSpec,
    training_rows: int,
    evaluated_rows: int,
    evaluated_at_once: int,
    trained_at_once: int | None,
) -> int:
    """Return the largest number of rows that pass through the network at once.

    Args:
        spec: the training's spec.
        training_rows: upper bound on the training rows.
        evaluated_rows: upper bound on the validation rows and on the test rows.
        evaluated_at_once: rows per chunk of an evaluation, see `chunk_rows`.
        trained_at_once: maximum rows per chunk of a step, see `training_chunk_rows`.
    """
    trained = largest_training_batch(spec, training_rows)
    if trained_at_once is not None:
        trained = min(trained, trained_at_once)
    return max(trained, min(evaluated_rows, evaluated_at_once))


def largest_training_batch(spec: ResolvedSpec, training_rows: int) -> int:
    """Return the largest number of rows per step, with at most that many training rows."""
    if spec.batch_size == "full":
        return training_rows
    return min(spec.batch_size + joins_last_row(spec), training_rows)


def count_steps(spec: TrainingSpec, training_rows: int) -> int:
    """Return the number of steps per epoch."""
    size = training_rows if spec.batch_size == "full" else spec.batch_size
    return _count_batches(training_rows, size, joins_last_row=joins_last_row(spec))


def joins_last_row(spec: TrainingSpec) -> bool:
    """Return whether a last batch of one row is joined to the batch before it.

    Batch normalization cannot normalize a single row: its variance is 0, and the outputs are the
    same for every row. Other networks train on batches of one row.
    """
    return spec.network.normalizes_batches


def has_joined_row(spec: TrainingSpec, training_rows: int) -> bool:
    """Return whether the last batch of this many training rows has a row more than the others."""
    size = spec.batch_size
    if size == "full" or not joins_last_row(spec):
        return False
    return training_rows > size and training_rows % size == 1


def _count_batches(rows: int, size: int, *, joins_last_row: bool) -> int:
    whole, rest = divmod(rows, max(size, 1))
    is_joined = joins_last_row and whole > 0 and rest == 1
    return whole if is_joined or rest == 0 else whole + 1
