"""Writes a column file; see `store.datasets.column_file` for its layout."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

# A reader holds a record batch of each column it asks for, and a writer all of one.
MAX_BATCH_BYTES = 4 * 2**20


class ColumnFileWriter:
    """Takes batches; whoever reads the file needs to hold one at a time."""

    def __init__(self, writer: pa.ipc.RecordBatchFileWriter) -> None:
        self._writer = writer

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows, cut into batches of a few MiB."""
        parts = -(-batch.get_total_buffer_size() // MAX_BATCH_BYTES)
        if parts <= 1:
            self._writer.write_batch(batch)
            return
        rows = max(1, -(-batch.num_rows // parts))
        for start in range(0, batch.num_rows, rows):
            self._writer.write_batch(batch.slice(start, rows))


@contextmanager
def write_column_file(target: Path, schema: pa.Schema) -> Iterator[ColumnFileWriter]:
    """A writer within it; nothing is left behind when that fails."""
    try:
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            yield ColumnFileWriter(writer)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def hash_file(path: Path) -> str:
    """The sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
