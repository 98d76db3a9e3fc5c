"""Writer of column files; see `store.datasets.column_file` for the format."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

# A reader holds one record batch of each requested column, a writer one whole batch.
MAX_BATCH_BYTES = 4 * 2**20


class ColumnFileWriter:
    """Writer of record batches of bounded size, so that readers need little memory."""

    def __init__(self, writer: pa.ipc.RecordBatchFileWriter, sink: pa.NativeFile) -> None:
        self._writer = writer
        self._sink = sink

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return int(self._sink.tell())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows, split into batches of a few MiB."""
        parts = -(-batch.get_total_buffer_size() // MAX_BATCH_BYTES)
        if parts <= 1:
            self._writer.write_batch(batch)
            return
        rows = max(1, -(-batch.num_rows // parts))
        for start in range(0, batch.num_rows, rows):
            self._writer.write_batch(batch.slice(start, rows))


@contextmanager
def write_column_file(target: Path, schema: pa.Schema) -> Iterator[ColumnFileWriter]:
    """Provide a writer of the file; the file is deleted if the block fails."""
    try:
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            yield ColumnFileWriter(writer, sink)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def hash_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
