"""Split large batches."""

from collections.abc import Iterator

import pyarrow as pa
from pyarrow import types

from store.errors import IntakeError
from store.intake.batches.arrow_source import BATCH_BYTES, MAX_ROW_BYTES, rows_per_batch
from store.intake.batches.sizes import TextLimit, count_bytes
from store.intake.cells.arrow_types import drop_unused


def slice_batch(batch: pa.RecordBatch, limit: TextLimit) -> Iterator[pa.RecordBatch]:
    """Validate a batch, split into batches of a few MiB.

    Buffers must be long enough for the rows (`batch.validate()`). Raises pa.ArrowInvalid for other
    errors of the batch, and IntakeError for a row that is too long or texts beyond the limit.
    """
    rows = rows_per_batch(batch.num_columns)
    for start in range(0, batch.num_rows, rows):
        part = batch.slice(start, rows)
        limit.add(part)
        # A copy reads what offsets and indices refer to.
        part.validate(full=True)
        for piece in _halve(_drop_unused(part), start):
            yield copy_slice(_drop_unused(piece)) if piece.num_rows < batch.num_rows else piece


def _drop_unused(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows without dictionary entries that do not occur, so that counting is quick."""
    if not any(types.is_dictionary(array.type) for array in batch.columns):
        return batch
    arrays = [
        drop_unused(array) if types.is_dictionary(array.type) else array for array in batch.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def _halve(batch: pa.RecordBatch, start: int) -> Iterator[pa.RecordBatch]:
    size = count_bytes(batch)
    if size <= BATCH_BYTES:
        yield batch
        return
    if batch.num_rows == 1:
        if size > MAX_ROW_BYTES:
            detail = f"row {start + 1} of a batch is longer than {MAX_ROW_BYTES} bytes"
            raise IntakeError("row_too_long", detail)
        yield batch
        return
    middle = batch.num_rows // 2
    yield from _halve(batch.slice(0, middle), start)
    yield from _halve(batch.slice(middle), start + middle)


def copy_slice(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Copy the rows to new buffers, so that the original batch can be freed."""
    # Concatenating a single array would not copy it.
    arrays = [pa.concat_arrays([array, array.slice(0, 0)]) for array in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema)
