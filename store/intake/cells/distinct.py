"""The distinct values of a column, collected batch by batch."""

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import types

from store.errors import IntakeError
from store.intake.cell_table import DistinctCells


class DistinctValues:
    """Collects the cells of a column of texts, numbers or booleans.

    Args:
        max_bytes: most bytes of all distinct texts.
    """

    def __init__(self, max_bytes: int) -> None:
        self._codes: dict[Any, int] = {}
        self._parts: list[NDArray[np.int32]] = []
        self._free = max_bytes

    def add(self, cells: pa.Array) -> None:
        """Append cells. Raises IntakeError if their distinct texts are too long."""
        encoded = cells if types.is_dictionary(cells.type) else cells.dictionary_encode()
        found = [self._find(value) for value in _python_values(encoded.dictionary)]
        code_of = np.array([*found, -1], np.int32)
        positions = encoded.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
        self._parts.append(code_of[positions])

    def finish(self) -> DistinctCells:
        """Return all cells."""
        codes = np.concatenate(self._parts) if self._parts else np.empty(0, np.int32)
        return DistinctCells(tuple(self._codes), codes)

    def _find(self, value: Any) -> int:  # noqa: ANN401 - a text, a number or a boolean
        code = self._codes.get(value)
        if code is not None:
            return code
        if isinstance(value, str):
            self._free -= len(value)
            if self._free < 0:
                raise IntakeError("expands_too_much", "the texts of the rows are too long together")
        return self._codes.setdefault(value, len(self._codes))


def _python_values(values: pa.Array) -> list[Any]:
    """Return cells as JSON has them: a float32 as the float with the same shortest text."""
    if types.is_decimal(values.type):
        return [_plain_number(value) for value in values.to_pylist()]
    if types.is_float32(values.type):
        return [float(str(value)) for value in values.to_numpy()]
    found: list[Any] = values.to_pylist()
    return found


def _plain_number(value: Decimal) -> float:
    return int(value) if value == value.to_integral_value() else float(value)
