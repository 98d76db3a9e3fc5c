"""Bytes of the cells of a batch, where each reference to a shared text counts as the text."""

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from store.intake.cells.arrow_types import is_text
from store.intake.cells.text_views import VIEW_BYTES, view_lengths
from store.intake.options import Limits


class TextLimit:
    """Limits the bytes of all texts that are read from a file."""

    def __init__(self, limits: Limits) -> None:
        self._budget = limits.budget(
            "the texts of the file, each counted as often as it occurs, take"
        )

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the texts of a batch, of which only the offsets need to be valid.

        Raises IntakeLimitError if the limit is exceeded.
        """
        self._budget.add(sum(map(count_text_bytes, batch.columns)))


def count_bytes(batch: pa.RecordBatch) -> int:
    """Return the bytes of a batch's cells."""
    return sum(map(_count_cells, batch.columns))


def _count_cells(array: pa.Array) -> int:
    if isinstance(array, pa.ExtensionArray):
        return _count_cells(array.storage)
    if types.is_dictionary(array.type):
        return int(array.indices.nbytes) + count_text_bytes(array)
    if types.is_string_view(array.type):
        return len(array) * VIEW_BYTES + count_text_bytes(array)
    return int(array.nbytes)


def count_text_bytes(array: pa.Array) -> int:
    """Return the bytes of an array's texts; 0 for other cells."""
    if isinstance(array, pa.ExtensionArray):
        return count_text_bytes(array.storage)
    values = array.type.value_type if types.is_dictionary(array.type) else array.type
    if not is_text(values) or not len(array):
        return 0
    return int(pc.sum(text_lengths(array)).as_py() or 0)


def text_lengths(array: pa.Array) -> pa.Array:
    """Return the bytes of each text as int64, shape `(rows,)`; null for null."""
    if types.is_dictionary(array.type):
        return text_lengths(array.dictionary).take(array.indices)
    if types.is_string_view(array.type):
        return view_lengths(array)
    return pc.cast(pc.binary_length(array), pa.int64())
