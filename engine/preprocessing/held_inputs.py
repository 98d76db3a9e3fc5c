"""Network inputs that never vary in the training rows, held at their value there.

The weights of such an input are as they were drawn, or trained as a bias only: any other value
would add noise to the predictions.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices


@dataclass(frozen=True)
class HeldCodes:
    """The codes of an embedded column that no training row has, and their replacement.

    Attributes:
        input: index of the column's input.
        codes: the codes without training rows, ascending.
        substitute: the most frequent code of the training rows, which replaces them.
    """

    input: int
    codes: tuple[int, ...]
    substitute: int

    def find(self, x: Floats) -> NDArray[np.bool_]:
        """Return which rows of the inputs have one of the codes, shape `(rows,)`."""
        # The last entry is for all codes above the held ones.
        positions = np.minimum(x[:, self.input].astype(np.intp), len(self._is_held) - 1)
        found: NDArray[np.bool_] = self._is_held[positions]
        return found

    @cached_property
    def _is_held(self) -> NDArray[np.bool_]:
        is_held = np.zeros(max(self.codes) + 2, np.bool_)
        is_held[list(self.codes)] = True
        return is_held


@dataclass(frozen=True)
class HeldInputs:
    """Inputs that are constant over the training rows; `apply` sets them to that constant.

    Attributes:
        inputs: indices of the inputs, ascending; inputs of embedded columns are not among them.
        values: value of each of these inputs in all training rows.
        codes: the unused codes of each embedded column that has any.
    """

    inputs: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    codes: tuple[HeldCodes, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs) + len(self.codes)

    @property
    def positions(self) -> tuple[int, ...]:
        """Index of each input, then of the input of each embedded column."""
        return (*self.inputs, *(held.input for held in self.codes))

    def apply(self, x: Floats) -> None:
        """Set the held inputs of x, `(rows, width)`, in place."""
        if self.inputs:
            x[:, self._indices] = self._values.astype(x.dtype)
        for held in self.codes:
            x[held.find(x), held.input] = held.substitute

    def find_changes(self, x: Floats) -> NDArray[np.bool_]:
        """Return where `apply` would change x, shape `(rows, len(self))`, as `positions`."""
        changes = np.empty((len(x), len(self)), np.bool_)
        if self.inputs:
            changes[:, : len(self.inputs)] = x[:, self._indices] != self._values.astype(x.dtype)
        for column, held in enumerate(self.codes, start=len(self.inputs)):
            changes[:, column] = held.find(x)
        return changes

    @cached_property
    def _indices(self) -> Indices:
        return np.array(self.inputs, np.intp)

    @cached_property
    def _values(self) -> NDArray[np.float64]:
        return np.array(self.values, np.float64)


NOTHING_HELD = HeldInputs()
