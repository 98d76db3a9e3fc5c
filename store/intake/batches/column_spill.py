"""Columns written to disk in chunks, one column after the other, and read back as batches."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from store.intake.batches.arrow_source import rows_per_batch
from store.intake.batches.spill import as_type
from store.intake.budget import Budget

# A batch of 10,000 columns holds one chunk per column.
CHUNK_ROWS = 1024


@dataclass
class _Column:
    """A column's chunks; leading chunks of nulls are counted but not stored.

    Attributes:
        start: offset of the first stored chunk.
        rows: rows of all chunks.
        nulls: leading chunks of nulls.
        ends: end offsets of the stored chunks.
        types: types of the stored chunks, each with the index of the first one of that type.
    """

    start: int
    rows: int = 0
    nulls: int = 0
    ends: "array[int]" = field(default_factory=lambda: array("Q"))
    types: list[tuple[int, pa.DataType]] = field(default_factory=list)

    def type_of(self, chunk: int) -> pa.DataType:
        """Return the type in which a chunk is stored."""
        return self.types[bisect_right(self.types, chunk, key=itemgetter(0)) - 1][1]


class ColumnSpill:
    """A file of column chunks of `CHUNK_ROWS` rows; a column's last chunk may be shorter.

    Args:
        path: the file.
        budget: bytes that may be written.
    """

    def __init__(self, path: Path, budget: Budget) -> None:
        self._path = path
        self._budget = budget
        self._file = path.open("wb")
        self._columns: dict[str, _Column] = {}

    def __enter__(self) -> Self:
        """Allow writing until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file for writing."""
        self._file.close()

    def count_rows(self, name: str) -> int:
        """Return the rows written to a column so far."""
        return self._columns[name].rows if name in self._columns else 0

    def write(self, name: str, chunk: pa.Array) -> None:
        """Append a chunk to a column; only the column begun last can grow.

        Raises IntakeLimitError beyond the budget.
        """
        column = self._columns.setdefault(name, _Column(self._file.tell()))
        column.rows += len(chunk)
        if pa.types.is_null(chunk.type):
            column.nulls += 1
            return
        if not column.types or column.types[-1][1] != chunk.type:
            column.types.append((len(column.ends), chunk.type))
        batch = pa.RecordBatch.from_arrays([chunk], names=["x"])
        self._file.write(batch.serialize())
        end = self._file.tell()
        self._budget.reach(end)
        column.ends.append(end)

    def read(
        self, schema: pa.Schema, only: Sequence[int] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Yield all rows with the columns of a schema, or with those of the indices `only`."""
        fields = list(schema) if only is None else [schema.field(index) for index in only]
        if not fields:
            return
        columns = [self._columns[f.name] for f in fields]
        chunks = -(-columns[0].rows // CHUNK_ROWS)
        step = max(1, rows_per_batch(len(columns)) // CHUNK_ROWS)
        with pa.OSFile(str(self._path)) as source:
            for first in range(0, chunks, step):
                indices = range(first, min(first + step, chunks))
                arrays = [
                    _read(source, column, indices, f.type)
                    for column, f in zip(columns, fields, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _read(
    source: pa.NativeFile, column: _Column, chunks: Sequence[int], wanted: pa.DataType
) -> pa.Array:
    arrays = []
    for index in chunks:
        stored = index - column.nulls
        if stored < 0 or not column.ends:
            rows = min(CHUNK_ROWS, column.rows - index * CHUNK_ROWS)
            arrays.append(pa.nulls(rows, wanted))
            continue
        start = column.ends[stored - 1] if stored else column.start
        buffer = source.read_at(column.ends[stored] - start, start)
        schema = pa.schema([("x", column.type_of(stored))])
        batch = pa.ipc.read_record_batch(pa.py_buffer(buffer), schema)
        arrays.append(as_type(batch.column(0), wanted))
    return pa.concat_arrays(arrays)
