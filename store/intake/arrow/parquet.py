"""Parquet files: the footer is validated first, then pages are read a few at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import IntakeError
from store.intake.arrow.pandas_index import find_index, select
from store.intake.arrow.parquet_footer import (
    check_expansion,
    check_groups,
    check_tail,
    translate_errors,
)
from store.intake.batches.arrow_source import (
    BATCH_BYTES,
    ArrowSource,
    rows_per_batch,
    schema_columns,
    slice_batch,
)
from store.intake.batches.spill import BatchSpill
from store.intake.batches.zip_batches import zip_batches
from store.intake.cells.arrow_types import check_row_count, is_text
from store.intake.options import Limits, ReadOptions

# Read buffer per column, in compressed bytes.
BUFFER_BYTES = 2**16
# Decompressed pages of all columns read at once are kept in memory, about 7 MiB per column; the
# pages of a wide file are small.
COLUMNS_AT_ONCE = 8
MAX_PASSES = 64
# Text is read as dictionaries, so that a repeated long text is stored once. All distinct texts of a
# row group are kept in memory: above this size text is read without a dictionary, few rows at a
# time.
MAX_DICTIONARY_BYTES = 2**22
LONG_TEXT_ROWS = 1024


def open_parquet(path: Path, options: ReadOptions, limits: Limits, folder: Path) -> ArrowSource:
    """Open a Parquet file. Raises IntakeError if its footer is false or a column is nested."""
    check_tail(path, limits.max_columns)
    size = path.stat().st_size
    with translate_errors(), pq.ParquetFile(path, pre_buffer=False) as file:
        metadata, schema = file.metadata, file.schema_arrow
        kept, index_notices = find_index(schema, options.kinds)
        columns, notices = schema_columns(schema, limits.max_columns, kept)
        unpacked = check_groups(metadata, size)
    check_row_count(metadata.num_rows, len(columns), limits)
    check_expansion(schema, metadata.num_rows, size)
    reader = _Reader(path, metadata, schema, unpacked, folder)
    read = select(kept, reader.read)
    found = {"format": "parquet"}
    return ArrowSource(columns, read, options, found, (*notices, *index_notices))


class _Reader:
    """Reads the rows of a validated file; a wide file is read some columns at a time."""

    def __init__(
        self,
        path: Path,
        metadata: pq.FileMetaData,
        schema: pa.Schema,
        unpacked: int,
        folder: Path,
    ) -> None:
        self._path = path
        self._metadata = metadata
        self._schema = schema
        self._folder = folder
        self._width = len(schema)
        self._row_bytes = unpacked / max(1, metadata.num_rows)
        self._at_once = max(COLUMNS_AT_ONCE, -(-self._width // MAX_PASSES))
        # By the columns in them.
        self._spills: dict[tuple[int, ...], BatchSpill] = {}

    def read(self, only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        """Yield all rows with all columns, or with those at `only`. Raises IntakeError."""
        columns = range(self._width) if only is None else only
        if len(columns) <= self._at_once:
            yield from self._read(columns)
            return
        starts = range(0, len(columns), self._at_once)
        groups = [tuple(columns[start : start + self._at_once]) for start in starts]
        for group in groups:
            if group not in self._spills:
                self._spills[group] = self._spill(group)
        parts = [self._spills[group].read_as_written() for group in groups]
        yield from zip_batches(parts, len(columns))

    def _spill(self, columns: Sequence[int]) -> BatchSpill:
        spill = BatchSpill(self._folder / f"parquet_{len(self._spills)}.spill")
        with spill.writing() as writer:
            for batch in self._read(columns):
                writer.write(batch)
        return spill

    def _read(self, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in self._batches(columns):
            with translate_errors():
                batch.validate(full=True)
            rows += batch.num_rows
            yield from slice_batch(batch)
        if rows != self._metadata.num_rows:
            detail = f"the Parquet file has {rows} rows, but claims {self._metadata.num_rows}"
            raise IntakeError("not_parquet", detail)

    def _batches(self, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
        texts = [index for index in columns if is_text(self._schema.field(index).type)]
        short = [index for index in texts if self._is_short(index)]
        # The full width counts even if only some columns are read: zip_batches adds the others.
        rows = min(rows_per_batch(self._width), self._rows_of_bytes())
        if len(short) < len(texts):
            rows = min(rows, LONG_TEXT_ROWS)
        with (
            translate_errors(),
            pq.ParquetFile(
                self._path,
                metadata=self._metadata,
                pre_buffer=False,
                buffer_size=BUFFER_BYTES,
                read_dictionary=[self._schema.field(index).name for index in short],
                page_checksum_verification=True,
            ) as file,
        ):
            yield from file.reader.iter_batches(
                rows,
                row_groups=list(range(self._metadata.num_row_groups)),
                column_indices=list(columns),
                use_threads=False,
            )

    def _rows_of_bytes(self) -> int:
        """Return the rows per batch of a few MiB, by the sizes in the footer."""
        return max(1, int(BATCH_BYTES / max(1.0, self._row_bytes)))

    def _is_short(self, column: int) -> bool:
        groups = range(self._metadata.num_row_groups)
        chunks = (self._metadata.row_group(index).column(column) for index in groups)
        return all(chunk.total_uncompressed_size <= MAX_DICTIONARY_BYTES for chunk in chunks)
