"""The arrays of one split: training, validation or test; and batches of their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices, Targets
from engine.data.rows import Rows


class Batch(NamedTuple):
    """Rows that pass through the network together; the fields are those of `SplitArrays`."""

    x: Floats
    y: Targets
    weights: Floats | None = None
    sample_weights: Floats | None = None
    values: Floats | None = None


@dataclass(frozen=True)
class SplitArrays:
    """The arrays of one split; the first axis of each is the row.

    Attributes:
        x: inputs, `(rows, in_features)`.
        y: targets as the loss takes them, `(rows, …)`; x itself if the inputs are the target.
        weights: weights of the loss, `(rows,)`, class weight times sample weight, with mean 1; None
            if all rows have the same weight.
        sample_weights: weights of the metrics, `(rows,)`, without class weights, with mean 1; None
            if all rows have the same weight. The same object as `weights` without class weights.
        values: numeric targets in their own unit, `(rows, targets)`, float64; None unless a metric
            needs them.
    """

    x: Rows
    y: Rows
    weights: Rows | None = None
    sample_weights: Rows | None = None
    values: Rows | None = None

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def distinct(self) -> tuple[Rows, ...]:
        """The arrays without repetition, in the order of the fields."""
        return tuple({id(array): array for array in self._all if array is not None}.values())

    @property
    def _all(self) -> tuple[Rows | None, ...]:
        return self.x, self.y, self.weights, self.sample_weights, self.values

    @cached_property
    def _places(self) -> tuple[int | None, ...]:
        """Index of each array among the distinct ones; None if it is absent."""
        places = {id(array): index for index, array in enumerate(self.distinct)}
        return tuple(None if array is None else places[id(array)] for array in self._all)

    @cached_property
    def _are_inputs_and_targets(self) -> bool:
        return self._places == (0, 1, None, None, None)

    def batch(self, read: Sequence[NDArray[Any]]) -> Batch:
        """Return the batch of rows that were read from the distinct arrays, in their order."""
        if self._are_inputs_and_targets:
            return Batch(read[0], read[1])
        x, y, *others = (None if place is None else read[place] for place in self._places)
        assert x is not None  # noqa: S101 - never absent
        assert y is not None  # noqa: S101 - likewise
        return Batch(x, y, *others)

    def read(self, rows: slice) -> Batch:
        """Return the batch of these rows."""
        return self.batch([array[rows] for array in self.distinct])

    def take(self, rows: Indices) -> Batch:
        """Return copies of single rows; arrays outside memory are read in slices only."""
        return self.batch([_take(array, rows) for array in self.distinct])

    def read_all(self) -> "SplitArrays":
        """Return the arrays in memory."""
        return SplitArrays(*self.read(slice(0, len(self))))


def _take(array: Rows, rows: Indices) -> NDArray[Any]:
    if isinstance(array, np.ndarray):
        return array[rows]
    return np.concatenate([array[slice(row, row + 1)] for row in rows.tolist()])
