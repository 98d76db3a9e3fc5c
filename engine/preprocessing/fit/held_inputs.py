"""Search for inputs that never vary, in chunks of encoded training rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.fitted import FittedColumn
from engine.preprocessing.held_inputs import HeldCodes, HeldInputs

# Rows of a chunk that are compared first: most inputs vary among them already.
_SAMPLE_ROWS = 16


class InputVariation:
    """Which inputs are the same in all rows added so far, and which codes occur.

    Args:
        columns: the fitted columns.
        width: number of inputs.
    """

    def __init__(self, columns: Sequence[FittedColumn], width: int) -> None:
        self._counts: dict[int, NDArray[np.intp]] = {
            table.position: np.zeros(table.codes, np.intp) for table in tables_of(columns)
        }
        self._constant: Indices = np.setdiff1d(np.arange(width), [*self._counts])
        self._first: Floats | None = None

    def add(self, x: Floats) -> None:
        """Add encoded rows, `(rows, width)`, before any input is held."""
        if not len(x):
            return
        if self._first is None:
            self._first = x[0].copy()
        self._compare(x[:: len(x) // _SAMPLE_ROWS + 1], self._first)
        self._compare(x, self._first)
        for position, counts in self._counts.items():
            codes = x[:, position].astype(np.intp)
            self._counts[position] = counts + np.bincount(codes, minlength=len(counts))

    def _compare(self, x: Floats, first: Floats) -> None:
        if len(self._constant):
            varies = (x[:, self._constant] != first[self._constant]).any(axis=0)
            self._constant = self._constant[~varies]

    def find_held(self) -> HeldInputs:
        """Return the inputs and codes to hold; nothing if no row was added."""
        if self._first is None:
            return HeldInputs()
        return HeldInputs(
            inputs=tuple(self._constant.tolist()),
            values=tuple(self._first[self._constant].tolist()),
            codes=tuple(
                HeldCodes(position, tuple(unused), int(counts.argmax()))
                for position, counts in self._counts.items()
                if (unused := np.flatnonzero(counts == 0).tolist())
            ),
        )


def still_held(before: HeldInputs, now: HeldInputs) -> HeldInputs:
    """Return what stays held when trained weights are trained further.

    Weights that were trained before are not held because the new rows do not vary; an input stays
    held, at its value of the earlier training rows, unless it varies in the new ones.

    Args:
        before: the inputs held by the trained weights.
        now: the inputs that do not vary in the new training rows.
    """
    constant = set(now.inputs)
    kept = [pair for pair in zip(before.inputs, before.values, strict=True) if pair[0] in constant]
    unused = {held.input: set(held.codes) for held in now.codes}
    codes = [
        HeldCodes(held.input, remaining, held.substitute)
        for held in before.codes
        if (remaining := tuple(c for c in held.codes if c in unused.get(held.input, set())))
    ]
    return HeldInputs(
        tuple(index for index, _ in kept), tuple(value for _, value in kept), tuple(codes)
    )
