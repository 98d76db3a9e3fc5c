"""How often each value of a column occurs, as long as there are not too many of them."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MAX_CATEGORY_LENGTH = 256
# Whole numbers below are counted by their place: in a picture every column is of these.
BINS = 256
HEAD_ROWS = 16


class SmallNumbers:
    """Counts whole numbers from 0 to 255 by their places, for many columns at once."""

    def __init__(self, columns: int) -> None:
        self._bins = np.zeros((columns, BINS), dtype=np.int32)

    def add(self, numbers: NDArray[np.float64], absent: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take in values of shape `(columns, rows)`; answers which columns have only such ones.

        Of the others nothing is counted.
        """
        # Most columns that have others show it in their first rows.
        small = _are_small(numbers[:, :HEAD_ROWS], absent[:, :HEAD_ROWS])
        small[small] = _are_small(numbers[small], absent[small])
        columns = np.flatnonzero(small)
        if len(columns):
            # What is missing falls in a bin of its own, which is left out.
            places = np.where(absent[small], BINS, numbers[small]).astype(np.intp)
            places += np.arange(len(columns))[:, None] * (BINS + 1)
            counts = np.bincount(places.ravel(), minlength=len(columns) * (BINS + 1))
            self._bins[columns] += counts.reshape(len(columns), BINS + 1)[:, :BINS]
        return small

    def counts(self, column: int) -> dict[float, int]:
        """The values of one column and how often each occurs."""
        bins = self._bins[column]
        places = np.flatnonzero(bins)
        return dict(zip(places.astype(float).tolist(), bins[places].tolist(), strict=True))


def _are_small(numbers: NDArray[np.float64], absent: NDArray[np.bool_]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        whole = (numbers >= 0) & (numbers < BINS) & (np.floor(numbers) == numbers)
    small: NDArray[np.bool_] = (whole | absent).all(axis=1)
    return small


class ValueCounts:
    """Counts the values of one column until there are more than a limit."""

    def __init__(self, limit: int) -> None:
        self.is_over = False
        self._limit = limit
        self._counts: dict[Any, int] = {}
        self._waiting: list[pa.Array] = []

    def __len__(self) -> int:
        """How many distinct values are counted."""
        return len(self._counts)

    def put(self, cells: pa.Array) -> None:
        """Leave cells to be counted later."""
        if not self.is_over:
            self._waiting.append(cells)

    def count(self) -> None:
        """Count the cells that wait for it."""
        if not self._waiting:
            return
        cells, self._waiting = pa.chunked_array(self._waiting), []
        # Where nearly all values differ, the first of them show it.
        head = cells.slice(0, self._limit + self._limit // 8)
        if len(cells) > 2 * len(head) and len(head.unique()) > self._limit + 1:
            self._give_up()
            return
        found = cells.value_counts()
        values, counts = found.field(0), found.field(1)
        if len(values) > self._limit + 1 or _is_long(values):
            self._give_up()
            return
        for value, count in zip(values.to_pylist(), counts.to_pylist(), strict=True):
            if value is not None:
                self._counts[value] = self._counts.get(value, 0) + count
        self.keep_within(self._limit)

    def keep_within(self, limit: int) -> None:
        """Give up if there are more distinct values than that."""
        if len(self._counts) > limit:
            self._give_up()

    def _give_up(self) -> None:
        self.is_over = True
        self._counts, self._waiting = {}, []

    def finish(self, others: dict[float, int]) -> dict[Any, int] | None:
        """The values and how often each occurs, with those counted elsewhere; None if too many."""
        counts = {v: n + others.get(v, 0) for v, n in self._counts.items()}
        counts = {**others, **counts}
        return None if self.is_over or len(counts) > self._limit else counts


def _is_long(values: pa.Array) -> bool:
    """Whether a value is longer than a category may be."""
    if not pa.types.is_string(values.type):
        return False
    longest = pc.max(pc.utf8_length(values)).as_py() or 0
    return bool(longest > MAX_CATEGORY_LENGTH)
