"""Batches on disk whose columns become known while they are written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa


class BatchSpill:
    """A file of Arrow streams, each of more columns than the one before, or of other types."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def writing(self) -> Iterator["SpillWriter"]:
        """What batches can be written to within it."""
        with pa.OSFile(str(self._path), "wb") as sink:
            writer = SpillWriter(sink)
            try:
                yield writer
            finally:
                writer.end_stream()

    def read_as_written(self) -> Iterator[pa.RecordBatch]:
        """All batches."""
        with pa.OSFile(str(self._path)) as source:
            while source.tell() < source.size():
                yield from pa.ipc.open_stream(source)

    def read(self, schema: pa.Schema, only: int | None = None) -> Iterator[pa.RecordBatch]:
        """All batches with the columns of a schema, or one of them: null where they lack one."""
        wanted = range(len(schema)) if only is None else [only]
        fields = pa.schema([schema.field(index) for index in wanted])
        for batch in self.read_as_written():
            arrays = [_column(batch, index, schema.field(index).type) for index in wanted]
            yield pa.RecordBatch.from_arrays(arrays, schema=fields)


class SpillWriter:
    """Begins another stream whenever the columns change."""

    def __init__(self, sink: pa.NativeFile) -> None:
        self._sink = sink
        self._stream: pa.RecordBatchStreamWriter | None = None
        self._schema: pa.Schema | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch; its columns begin with those of the batch before it."""
        if self._stream is None or not batch.schema.equals(self._schema):
            self.end_stream()
            self._schema = batch.schema
            self._stream = pa.ipc.new_stream(self._sink, batch.schema)
        self._stream.write_batch(batch)

    def end_stream(self) -> None:
        """Complete what was written."""
        if self._stream is not None:
            self._stream.close()
        self._stream = None


def _column(batch: pa.RecordBatch, index: int, wanted: pa.DataType) -> pa.Array:
    if index >= batch.num_columns or pa.types.is_null(batch.column(index).type):
        return pa.nulls(batch.num_rows, wanted)
    return batch.column(index)
