"""Test files of any format, opened as sources."""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import IntakeError
from store.intake.open_source import open_source
from store.intake.options import FileHints, Limits, ReadOptions
from store.intake.source import Reading, TableSource

LIMITS = Limits(max_columns=100)


def open_bytes(
    folder: Path,
    content: bytes,
    *,
    media_type: str = "",
    name: str = "",
    limits: Limits = LIMITS,
    **stated: Any,
) -> TableSource:
    """Open the bytes as an upload with a media type and name."""
    path = folder / "upload"
    path.write_bytes(content)
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    hints = FileHints(media_type, name)
    return open_source(path, ReadOptions(**stated), hints, limits.for_file(path), spill)


def cells(source: TableSource, reading: Reading | None = None) -> dict[str, list[Any]]:
    """Return all cells by column name, in the column's own type or with one reading."""
    own: list[Reading] = ["text" if c.type is None else "typed" for c in source.columns]
    readings = own if reading is None else [reading] * len(own)
    batches = list(source.batches(readings))
    return {
        column.name: [value for batch in batches for value in batch.column(index).to_pylist()]
        for index, column in enumerate(source.columns)
    }


def refusal(folder: Path, content: bytes, **how: Any) -> IntakeError:
    """Return the error that opening or reading the bytes raises."""
    with pytest.raises(IntakeError) as caught:
        cells(open_bytes(folder, content, **how))
    return caught.value


def parquet_bytes(table: pa.Table, **options: Any) -> bytes:
    """Write the table as a Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def arrow_bytes(table: pa.Table, *, stream: bool = False, **options: Any) -> bytes:
    """Write the table as an Arrow file or stream."""
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def npy_bytes(array: Any) -> bytes:
    """Write the array as an .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def npz_bytes(**arrays: Any) -> bytes:
    """Write the arrays as an .npz file."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def gzip_bytes(content: bytes) -> bytes:
    """Compress the bytes with gzip, deterministically."""
    return gzip.compress(content, mtime=0)


def zstd_bytes(content: bytes) -> bytes:
    """Compress the bytes with zstd."""
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed
