"""Join batches of disjoint columns into batches of all columns."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from store.errors import IntakeError
from store.intake.batches.arrow_source import rows_per_batch
from store.intake.batches.slices import copy_slice


def zip_batches(parts: Sequence[Iterator[pa.RecordBatch]], width: int) -> Iterator[pa.RecordBatch]:
    """Yield rows of all `width` columns. Raises IntakeError if the columns differ in length."""
    pending = [_Rows(part) for part in parts]
    while True:
        counts = [rows.fill() for rows in pending]
        if not any(counts):
            return
        if not all(counts):
            raise IntakeError("ragged_columns", "some columns of the file have fewer rows")
        take = min(*counts, rows_per_batch(width)) if len(counts) > 1 else counts[0]
        arrays = [array for rows in pending for array in rows.take(take)]
        names = [str(index) for index in range(len(arrays))]
        yield copy_slice(pa.RecordBatch.from_arrays(arrays, names=names))


class _Rows:
    """The remaining rows of an iterator's current batch."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._batch: pa.RecordBatch | None = next(batches, None)

    def fill(self) -> int:
        """Return the number of available rows, reading the next batch if needed; 0 at the end."""
        while self._batch is not None and self._batch.num_rows == 0:
            self._batch = next(self._batches, None)
        return 0 if self._batch is None else int(self._batch.num_rows)

    def take(self, rows: int) -> list[pa.Array]:
        """Remove and return the next `rows` rows as arrays."""
        if self._batch is None:
            return []
        taken = self._batch.slice(0, rows)
        self._batch = self._batch.slice(rows)
        return list(taken.columns)
