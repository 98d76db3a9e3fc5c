"""Columns of a Parquet file, read a few rows at a time, by the sizes of their pages."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from store.intake.arrow.parquet_footer import broken, translate_errors
from store.intake.arrow.parquet_pages import ChunkSizes
from store.intake.batches.arrow_source import BATCH_BYTES, rows_per_batch
from store.intake.cells.arrow_types import is_text

# Read buffer per column, in compressed bytes.
BUFFER_BYTES = 2**16
# Row groups read by one call of pyarrow, whose time grows with the square of their number.
GROUPS_AT_ONCE = 64
# Text is read as dictionaries, so that a repeated long text is stored once. All distinct texts of a
# row group are kept in memory: above this size text is read without a dictionary, few rows at a
# time.
MAX_DICTIONARY_BYTES = 2**22
LONG_TEXT_ROWS = 1024
LONG_TEXT_BYTES = 2**24


class ParquetColumns:
    """Reads columns of a file whose footer and page headers are checked.

    Args:
        path: the file.
        metadata: its footer.
        schema: its columns.
        sizes: sizes of the pages of each column of each row group.
    """

    def __init__(
        self,
        path: Path,
        metadata: pq.FileMetaData,
        schema: pa.Schema,
        sizes: Sequence[Sequence[ChunkSizes]],
    ) -> None:
        self.path = path
        self.schema = schema
        self._metadata = metadata
        self._sizes = sizes
        unpacked = sum(chunk.unpacked for group in sizes for chunk in group)
        self._row_bytes = unpacked / max(1, metadata.num_rows)
        self._longest_text = cache(self._find_longest_text)

    def read(self, columns: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """Yield all rows of some columns, validated. Raises IntakeError."""
        texts = [index for index in columns if is_text(self.schema.field(index).type)]
        is_short = all(map(self._is_short, texts))
        read_rows = 0
        with translate_errors(), self._open(texts if is_short else []) as file:
            for groups in self._groups_at_once():
                for batch in file.reader.iter_batches(
                    self._rows_at_once([] if is_short else texts),
                    row_groups=groups,
                    column_indices=list(columns),
                    use_threads=False,
                ):
                    batch.validate(full=True)
                    read_rows += batch.num_rows
                    yield batch
        if read_rows != self._metadata.num_rows:
            raise broken(f"it has {read_rows} rows, but claims {self._metadata.num_rows}")

    def _open(self, dictionaries: Sequence[int]) -> pq.ParquetFile:
        return pq.ParquetFile(
            self.path,
            metadata=self._metadata,
            pre_buffer=False,
            buffer_size=BUFFER_BYTES,
            read_dictionary=[self.schema.field(index).name for index in dictionaries],
            page_checksum_verification=True,
        )

    def _groups_at_once(self) -> Iterator[list[int]]:
        count = len(self._sizes)
        for start in range(0, count, GROUPS_AT_ONCE):
            yield list(range(start, min(start + GROUPS_AT_ONCE, count)))

    def _rows_at_once(self, long_texts: Sequence[int]) -> int:
        """Return the rows per batch of a few MiB."""
        # The full width counts even if only some columns are read: zip_batches adds the others.
        rows = min(rows_per_batch(len(self.schema)), int(BATCH_BYTES / max(1.0, self._row_bytes)))
        if long_texts:
            longest = sum(map(self._longest_text, long_texts))
            rows = min(rows, LONG_TEXT_ROWS, LONG_TEXT_BYTES // max(1, longest))
        return max(1, rows)

    def _is_short(self, column: int) -> bool:
        chunks = [group[column] for group in self._sizes]
        return all(chunk.dictionary + chunk.own <= MAX_DICTIONARY_BYTES for chunk in chunks)

    def _find_longest_text(self, column: int) -> int:
        """Return the bytes of the longest text in a dictionary, or the mean of a longer page."""
        longest = max((group[column].longest for group in self._sizes), default=0)
        for index, group in enumerate(self._sizes):
            if group[column].dictionary > longest:
                longest = max(longest, self._longest_of_dictionary(column, index))
        return longest

    def _longest_of_dictionary(self, column: int, group: int) -> int:
        sizes = self._sizes[group][column]
        if not sizes.starts_with_dictionary:
            return sizes.dictionary
        with self._open([column]) as file:
            batches = file.reader.iter_batches(
                1, row_groups=[group], column_indices=[column], use_threads=False
            )
            cells = next(batches).column(0)
        lengths = pc.binary_length(cells.dictionary) if len(cells.dictionary) else pa.array([0])
        return pc.max(lengths).as_py() or sizes.dictionary
