"""Arrow IPC files and streams, memory-mapped; read pages are released, so batches may be large."""

import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from store.errors import IntakeError
from store.intake.arrow.messages import MAGIC, broken, count_rows
from store.intake.arrow.pandas_index import find_index, select
from store.intake.batches.arrow_source import ArrowSource, schema_columns
from store.intake.batches.joins import join_batches
from store.intake.batches.sizes import TextLimit
from store.intake.batches.slices import slice_batch
from store.intake.cells.arrow_types import check_row_count
from store.intake.options import Limits, ReadOptions

# Pages of a mapped file count towards the process's memory until they are released.
KEPT_BYTES = 2**24


def open_arrow(path: Path, options: ReadOptions, limits: Limits) -> ArrowSource:
    """Open an Arrow file or stream. Raises IntakeError."""
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with memoryview(mapped) as data:
        rows = count_rows(data, limits)
    reader = _Reader(mapped, limits)
    with _translate_errors():
        schema = reader.schema()
        kept, index_notices = find_index(schema, options.kinds)
    columns, notices = schema_columns(schema, limits.max_columns, kept)
    check_row_count(rows, len(columns), limits)
    read = select(kept, reader.read)
    return ArrowSource(columns, read, options, {"format": "arrow"}, (*notices, *index_notices))


class _Reader:
    """Reads the batches of a mapped file."""

    def __init__(self, mapped: mmap.mmap, limits: Limits) -> None:
        self._mapped = mapped
        self._limits = limits
        self._buffer = pa.py_buffer(mapped)
        self._is_file = mapped[: len(MAGIC)] == MAGIC

    def schema(self) -> pa.Schema:
        """Return the schema of all columns."""
        source = pa.BufferReader(self._buffer)
        opened = pa.ipc.open_file(source) if self._is_file else pa.ipc.open_stream(source)
        return opened.schema

    def read(self, only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        """Yield all rows with all columns, or with those at `only`. Raises IntakeError."""
        read_bytes = 0
        limit = TextLimit(self._limits)
        with _translate_errors():
            for batch in join_batches(self._batches(only), merges_dictionaries=False):
                for part in slice_batch(batch, limit):
                    yield part
                    read_bytes += part.nbytes
                    if read_bytes >= KEPT_BYTES:
                        self._release_pages()
                        read_bytes = 0
        self._release_pages()

    def _batches(self, only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        options = pa.ipc.IpcReadOptions(
            use_threads=False, included_fields=None if only is None else [*only]
        )
        source = pa.BufferReader(self._buffer)
        if self._is_file:
            opened = pa.ipc.open_file(source, options=options)
            found = (opened.get_batch(index) for index in range(opened.num_record_batches))
        else:
            found = iter(pa.ipc.open_stream(source, options=options))
        for batch in found:
            batch.validate()
            yield batch

    def _release_pages(self) -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Translate pyarrow's errors for a broken file into IntakeError."""
    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        text = str(error)
        if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
            raise IntakeError("wrong_encoding", "a text in the file is not UTF-8") from error
        raise broken(text[:200]) from error
