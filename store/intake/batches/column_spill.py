"""Columns that arrive one after the other, kept on disk in pieces, and read side by side."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from store.intake.batches.arrow_source import rows_per_batch

# A batch of ten thousand columns has to hold one piece of each.
PIECE_ROWS = 1024


@dataclass
class _Column:
    """Where the pieces of a column end; those before its first value are nulls and not kept."""

    start: int
    rows: int = 0
    nulls: int = 0
    ends: "array[int]" = field(default_factory=lambda: array("Q"))


class ColumnSpill:
    """A file of pieces of `PIECE_ROWS` rows, of a column the last may be shorter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._columns: dict[str, _Column] = {}

    def __enter__(self) -> Self:
        """Pieces can be written until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End writing."""
        self._file.close()

    def count_rows(self, name: str) -> int:
        """Rows of a column so far."""
        return self._columns[name].rows if name in self._columns else 0

    def write(self, name: str, piece: pa.Array) -> None:
        """Append to a column; only the one that was begun last can grow."""
        column = self._columns.setdefault(name, _Column(self._file.tell()))
        column.rows += len(piece)
        if pa.types.is_null(piece.type):
            column.nulls += 1
            return
        batch = pa.RecordBatch.from_arrays([piece], names=["x"])
        self._file.write(batch.serialize())
        column.ends.append(self._file.tell())

    def read(self, schema: pa.Schema, only: int | None = None) -> Iterator[pa.RecordBatch]:
        """All rows with the columns of a schema, or one of them."""
        fields = list(schema) if only is None else [schema.field(only)]
        if not fields:
            return
        columns = [self._columns[f.name] for f in fields]
        pieces = -(-columns[0].rows // PIECE_ROWS)
        step = max(1, rows_per_batch(len(columns)) // PIECE_ROWS)
        with pa.OSFile(str(self._path)) as source:
            for first in range(0, pieces, step):
                some = range(first, min(first + step, pieces))
                arrays = [
                    _read(source, column, some, f.type)
                    for column, f in zip(columns, fields, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _read(
    source: pa.NativeFile, column: _Column, pieces: Sequence[int], wanted: pa.DataType
) -> pa.Array:
    arrays = []
    for index in pieces:
        kept = index - column.nulls
        if kept < 0 or not column.ends:
            rows = min(PIECE_ROWS, column.rows - index * PIECE_ROWS)
            arrays.append(pa.nulls(rows, wanted))
            continue
        start = column.ends[kept - 1] if kept else column.start
        buffer = source.read_at(column.ends[kept] - start, start)
        batch = pa.ipc.read_record_batch(pa.py_buffer(buffer), pa.schema([("x", wanted)]))
        arrays.append(batch.column(0))
    return pa.concat_arrays(arrays)
