"""Samples of a source's first rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from store.intake.batches.sizes import count_bytes
from store.intake.source import Reading, TableSource


@dataclass(frozen=True)
class Sample:
    """The first rows of a source.

    Attributes:
        batch: the rows; None if the source has none.
        is_complete: whether these are all rows.
    """

    batch: pa.RecordBatch | None
    is_complete: bool


def take_sample(
    source: TableSource, readings: Sequence[Reading], max_rows: int, max_bytes: int
) -> Sample:
    """Read rows from the first until there are `max_rows` rows or at least `max_bytes` bytes."""
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in source.batches(readings):
        if rows >= max_rows or size >= max_bytes:
            return Sample(_join(batches), is_complete=False)
        kept = batch.slice(0, max_rows - rows)
        batches.append(kept)
        rows += kept.num_rows
        # A text in a dictionary counts as often as it occurs.
        size += max(batch.get_total_buffer_size(), count_bytes(kept))
        if kept.num_rows < batch.num_rows:
            return Sample(_join(batches), is_complete=False)
    return Sample(_join(batches), is_complete=True)


def _join(batches: list[pa.RecordBatch]) -> pa.RecordBatch | None:
    if not batches:
        return None
    joined = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    return joined.to_batches()[0]
