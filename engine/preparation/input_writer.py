"""Writing of the network's inputs, and what the training rows show of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.arrays import Floats, Indices
from engine.data.rows import Rows
from engine.data.table import Column
from engine.preparation.incomplete_columns import IncompleteColumns
from engine.preprocessing.fit import InputVariation, still_held
from engine.preprocessing.held_inputs import NOTHING_HELD, HeldInputs
from engine.preprocessing.preprocessing import Preprocessing

# Bytes of inputs transformed at a time; small compared to the memory of training.
CHUNK_BYTES = 4 * 2**20


class InputWriter:
    """Encodes rows, finds the inputs that never vary in the training rows, then holds these.

    Args:
        preprocessing: fitted columns; its held inputs are those of the initial weights.
        dtype: type of the inputs.
        is_new: whether the weights are new, so that no input has been trained before.
    """

    def __init__(self, preprocessing: Preprocessing, dtype: np.dtype[Any], *, is_new: bool) -> None:
        self._before = None if is_new else preprocessing.held
        self._encoding = replace(preprocessing, held=NOTHING_HELD)
        self._dtype = dtype
        self._rows_at_once = max(1, CHUNK_BYTES // (preprocessing.width * dtype.itemsize))
        self._variation = InputVariation(preprocessing.columns, preprocessing.width)
        self._has_untrained_rows = False
        self._incomplete_before = preprocessing.incomplete
        self._incomplete = IncompleteColumns(column.name for column in preprocessing.columns)

    @property
    def incomplete(self) -> tuple[str, ...] | None:
        """The columns with missing values in the rows of the first training; None if unknown."""
        return self._incomplete.names if self._before is None else self._incomplete_before

    def write(self, chunk: Mapping[str, Column], rows: Indices, out: Rows, first: int) -> None:
        """Write held-out rows of the chunk to out, from row `first`. Raises DataError."""
        for start, x in self._encode(chunk, rows):
            out[first + start : first + start + len(x)] = x

    def _encode(self, chunk: Mapping[str, Column], rows: Indices) -> Iterator[tuple[int, Floats]]:
        for start in range(0, len(rows), self._rows_at_once):
            part = rows[start : start + self._rows_at_once]
            yield start, self._encoding.transform(chunk, self._dtype, part)

    def write_training(
        self,
        chunk: Mapping[str, Column],
        rows: Indices,
        out: Rows,
        first: int,
        weights: Rows | None,
    ) -> None:
        """Write training rows, which decide which inputs are held. Raises DataError.

        Args:
            chunk: columns by name.
            rows: training rows of the chunk.
            out: inputs of all training rows.
            first: index of the first of the rows in `out`.
            weights: weights of all training rows; a row of weight 0 trains nothing.
        """
        is_trained = None if weights is None else weights[first : first + len(rows)] > 0
        self._incomplete.add(chunk, rows if is_trained is None else rows[is_trained])
        for start, x in self._encode(chunk, rows):
            written = slice(first + start, first + start + len(x))
            out[written] = x
            trained = None if is_trained is None else is_trained[start : start + len(x)]
            self._has_untrained_rows |= trained is not None and not trained.all()
            self._variation.add(x if trained is None or trained.all() else x[trained])

    def hold(self, training: Rows, others: Sequence[Rows]) -> HeldInputs:
        """Hold the inputs that did not vary, in all arrays; return them."""
        held = self._variation.find_held()
        if self._before is not None:
            held = still_held(self._before, held)
        # Otherwise the training rows have these values already.
        if self._before is not None or self._has_untrained_rows:
            self._hold(training, held)
        for x in others:
            self._hold(x, held)
        return held

    def _hold(self, x: Rows, held: HeldInputs) -> None:
        """Set the held inputs of x."""
        for start in range(0, len(x) if held else 0, self._rows_at_once):
            rows = slice(start, min(start + self._rows_at_once, len(x)))
            block = x[rows]
            if held.find_changes(block).any():
                held.apply(block)
                x[rows] = block
