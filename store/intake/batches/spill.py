"""Batches on disk whose schema may grow while they are written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from store.intake.budget import Budget


class BatchSpill:
    """A file of Arrow streams; each stream adds columns or replaces their types.

    Args:
        path: the file.
        budget: bytes that may be written, also of other files.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self._path = path
        self._budget = budget

    @contextmanager
    def writing(self) -> Iterator["SpillWriter"]:
        """Yield a writer that is closed when the block ends."""
        with pa.OSFile(str(self._path), "wb") as sink:
            writer = SpillWriter(sink, self._budget)
            try:
                yield writer
            finally:
                writer.end_stream()

    def read_as_written(self) -> Iterator[pa.RecordBatch]:
        """Yield all batches with the columns they were written with."""
        with pa.OSFile(str(self._path)) as source:
            while source.tell() < source.size():
                yield from pa.ipc.open_stream(source)

    def read(
        self, schema: pa.Schema, only: Sequence[int] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield all batches with the columns of a schema, or with those of the indices `only`.

        Columns that a batch lacks are null.
        """
        wanted = range(len(schema)) if only is None else only
        fields = pa.schema([schema.field(index) for index in wanted])
        for batch in self.read_as_written():
            arrays = [_column(batch, index, schema.field(index).type) for index in wanted]
            yield pa.RecordBatch.from_arrays(arrays, schema=fields)


class SpillWriter:
    """Writes batches; starts a new Arrow stream whenever the schema changes."""

    def __init__(self, sink: pa.NativeFile, budget: Budget) -> None:
        self._sink = sink
        self._budget = budget
        self._stream: pa.RecordBatchStreamWriter | None = None
        self._schema: pa.Schema | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch; its first columns are those of the previous batch.

        Raises IntakeLimitError beyond the budget.
        """
        start = self._sink.tell()
        if self._stream is None or not batch.schema.equals(self._schema):
            self.end_stream()
            self._schema = batch.schema
            self._stream = pa.ipc.new_stream(self._sink, batch.schema)
        self._stream.write_batch(batch)
        self._budget.add(self._sink.tell() - start)

    def end_stream(self) -> None:
        """Close the current stream."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None


def _column(batch: pa.RecordBatch, index: int, wanted: pa.DataType) -> pa.Array:
    if index >= batch.num_columns:
        return pa.nulls(batch.num_rows, wanted)
    return as_type(batch.column(index), wanted)


def as_type(cells: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Return cells that may have been written before the final type of their column was known."""
    if pa.types.is_null(cells.type):
        return pa.nulls(len(cells), wanted)
    return cells if cells.type == wanted else pc.cast(cells, wanted, safe=False)
