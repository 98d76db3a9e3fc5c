"""Parquet files: the footer is validated first, then pages are read a few at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import IntakeError
from store.intake.arrow.pandas_index import find_index, select
from store.intake.arrow.parquet_columns import ParquetColumns
from store.intake.arrow.parquet_footer import (
    check_least_bytes,
    check_tail,
    translate_errors,
)
from store.intake.arrow.parquet_groups import check_rows, read_groups
from store.intake.arrow.parquet_pages import read_page_sizes
from store.intake.batches.arrow_source import ArrowSource, schema_columns
from store.intake.batches.joins import join_batches
from store.intake.batches.sizes import TextLimit
from store.intake.batches.slices import slice_batch
from store.intake.batches.spill import BatchSpill
from store.intake.batches.zip_batches import zip_batches
from store.intake.cells.arrow_types import check_row_count
from store.intake.options import Limits, ReadOptions

# Decompressed pages of all columns read at once are kept in memory, about 7 MiB per column; the
# pages of a wide file are small.
COLUMNS_AT_ONCE = 8
MAX_PASSES = 64


def open_parquet(path: Path, options: ReadOptions, limits: Limits, folder: Path) -> ArrowSource:
    """Open a Parquet file. Raises IntakeError if its footer is false or a column is nested."""
    check_tail(path, limits.max_columns)
    with translate_errors(), pq.ParquetFile(path, pre_buffer=False) as file:
        metadata, schema = file.metadata, file.schema_arrow
        kept, index_notices = find_index(schema, options.kinds)
        columns, notices = schema_columns(schema, limits.max_columns, kept)
    if metadata.num_columns != len(schema):
        raise IntakeError("nested_value", "a column of the index of the data frame is nested")
    groups = read_groups(path, len(schema))
    check_rows(groups, metadata.num_rows)
    check_row_count(metadata.num_rows, len(columns), limits)
    check_least_bytes(schema, metadata.num_rows, limits)
    sizes = read_page_sizes(path, groups, limits)
    file = ParquetColumns(path, metadata, schema, sizes)
    read = select(kept, _Reader(file, folder, limits).read)
    found = {"format": "parquet"}
    return ArrowSource(columns, read, options, found, (*notices, *index_notices))


class _Reader:
    """Reads the rows of a validated file; a wide file is read some columns at a time."""

    def __init__(self, file: ParquetColumns, folder: Path, limits: Limits) -> None:
        self._file = file
        self._folder = folder
        self._limits = limits
        self._spilled = limits.budget("the columns of the file take")
        self._width = len(file.schema)
        self._at_once = max(COLUMNS_AT_ONCE, -(-self._width // MAX_PASSES))
        # By the columns in them.
        self._spills: dict[tuple[int, ...], BatchSpill] = {}

    def read(self, only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        """Yield all rows with all columns, or with those at `only`. Raises IntakeError."""
        limit = TextLimit(self._limits)
        columns = range(self._width) if only is None else only
        if len(columns) <= self._at_once:
            yield from self._read(columns, limit)
            return
        starts = range(0, len(columns), self._at_once)
        groups = [tuple(columns[start : start + self._at_once]) for start in starts]
        for group in groups:
            if group not in self._spills:
                self._spills[group] = self._spill(group, limit)
        parts = [self._spills[group].read_as_written() for group in groups]
        yield from zip_batches(parts, len(columns))

    def _spill(self, columns: Sequence[int], limit: TextLimit) -> BatchSpill:
        path = self._folder / f"parquet_{len(self._spills)}.spill"
        spill = BatchSpill(path, self._spilled)
        with spill.writing() as writer:
            for batch in self._read(columns, limit):
                self._limits.check_running()
                writer.write(batch)
        return spill

    def _read(self, columns: Sequence[int], limit: TextLimit) -> Iterator[pa.RecordBatch]:
        with translate_errors():
            for batch in join_batches(self._file.read(columns), merges_dictionaries=True):
                yield from slice_batch(batch, limit)
