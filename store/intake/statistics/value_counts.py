"""Value counts of columns, up to a maximum number of distinct values."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from store.datasets.columns import MAX_CATEGORY_LENGTH

# Integers below are counted in bins: all columns of an image hold only such values.
BINS = 256
HEAD_ROWS = 16


class SmallNumbers:
    """Counts integers from 0 to 255 in bins, for many columns at once."""

    def __init__(self, columns: int) -> None:
        self._bins = np.zeros((columns, BINS), dtype=np.int32)

    def add(self, numbers: NDArray[np.float64], absent: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Add values `(columns, rows)`; return the mask of columns that hold only small integers.

        Values of the other columns are not counted.
        """
        # Most columns with other values are detected by their first rows.
        small = _are_small(numbers[:, :HEAD_ROWS], absent[:, :HEAD_ROWS])
        small[small] = _are_small(numbers[small], absent[small])
        columns = np.flatnonzero(small)
        if len(columns):
            # Missing values are counted in an extra bin, which is dropped.
            bins = np.where(absent[small], BINS, numbers[small]).astype(np.intp)
            bins += np.arange(len(columns))[:, None] * (BINS + 1)
            counts = np.bincount(bins.ravel(), minlength=len(columns) * (BINS + 1))
            self._bins[columns] += counts.reshape(len(columns), BINS + 1)[:, :BINS]
        return small

    def counts(self, column: int) -> dict[float, int]:
        """Return the values of one column and their counts."""
        bins = self._bins[column]
        values = np.flatnonzero(bins)
        return dict(zip(values.astype(float).tolist(), bins[values].tolist(), strict=True))


def _are_small(numbers: NDArray[np.float64], absent: NDArray[np.bool_]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        whole = (numbers >= 0) & (numbers < BINS) & (np.floor(numbers) == numbers)
    small: NDArray[np.bool_] = (whole | absent).all(axis=1)
    return small


class ValueCounts:
    """Counts the values of one column until there are more than a limit.

    Args:
        limit: number of distinct values. A long text counts as one per `MAX_CATEGORY_LENGTH` of its
            characters, so that the memory has the same bound.
        takes_long_texts: whether the column is stated to be categorical; otherwise a long text
            stops the counting, as free text does.
    """

    def __init__(self, limit: int, *, takes_long_texts: bool = False) -> None:
        self.is_over = False
        self._limit = limit
        self._takes_long_texts = takes_long_texts
        self._extra = 0
        self._counts: dict[Any, int] = {}
        self._pending: list[pa.Array] = []

    def __len__(self) -> int:
        """Number of distinct values counted, with what long texts count more than others."""
        return len(self._counts) + self._extra

    def put(self, cells: pa.Array) -> None:
        """Queue cells for counting."""
        if not self.is_over:
            self._pending.append(cells)

    def count(self) -> None:
        """Count the queued cells."""
        if not self._pending:
            return
        cells, self._pending = pa.chunked_array(self._pending), []
        # If nearly all values differ, counting the first ones is enough to find out.
        head = cells.slice(0, self._limit + self._limit // 8)
        if len(cells) > 2 * len(head) and len(head.unique()) > self._limit + 1:
            self._stop()
            return
        found = cells.value_counts()
        values, counts = found.field(0), found.field(1)
        extra = _count_long(values)
        most = self._limit + 1 if self._takes_long_texts else 0
        if len(values) > self._limit + 1 or extra > most:
            self._stop()
            return
        for value, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if value is not None:
                if extra and value not in self._counts:
                    self._extra += (max(len(value), 1) - 1) // MAX_CATEGORY_LENGTH
                self._counts[value] = self._counts.get(value, 0) + count
        self.keep_within(self._limit)

    def keep_within(self, limit: int) -> None:
        """Stop counting if there are more than `limit` distinct values."""
        if len(self) > limit:
            self._stop()

    def _stop(self) -> None:
        self.is_over = True
        self._counts, self._pending, self._extra = {}, [], 0

    def finish(self, binned: dict[float, int]) -> dict[Any, int] | None:
        """Return the values and their counts, including `binned` ones; None if too many."""
        counts = {v: n + binned.get(v, 0) for v, n in self._counts.items()}
        counts = {**binned, **counts}
        return None if self.is_over or len(counts) > self._limit else counts


def _count_long(values: pa.Array) -> int:
    """Return how many times the texts exceed the maximum length of a category, in all."""
    if not pa.types.is_string(values.type):
        return 0
    lengths = pc.max_element_wise(pc.utf8_length(values), 1)
    return int(pc.sum(pc.divide(pc.subtract(lengths, 1), MAX_CATEGORY_LENGTH)).as_py() or 0)
