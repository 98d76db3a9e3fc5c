"""Rows of a column file as JSON values; see `store.datasets.column_file` for the format."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.datasets.columns import ColumnRecord
from store.datasets.time_text import format_time

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
# Larger whole numbers are not exact in float64, and as int would look exact.
LARGEST_EXACT = 2.0**53
# No further batch (a few MiB each) is read after this number of bytes.
MAX_BYTES = 2**24


def read_rows(path: Path, columns: Sequence[ColumnRecord], offset: int, limit: int) -> list[Row]:
    """Return up to `limit` rows from `offset`, by column name; fewer if texts are long.

    Values of integral columns are int, times are RFC 3339 strings (dates at midnight), missing
    values are None.
    """
    import pyarrow as pa

    if limit <= 0 or not columns:
        return []
    rows: list[Row] = []
    # Memory-mapped, so that the batches before the offset are counted without being read.
    with pa.memory_map(str(path)) as source:
        for batch in _batches_from(source, offset, limit):
            cells = [json_values(batch.column(c.name).to_pylist(), c) for c in columns]
            names = [column.name for column in columns]
            rows += [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
    return rows


def _batches_from(source: "pa.NativeFile", offset: int, limit: int) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    bytes_left = MAX_BYTES
    counter = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=[0]))
    reader = pa.ipc.open_file(source)
    for index in range(reader.num_record_batches):
        count = counter.get_batch(index).num_rows
        if offset < count:
            batch = reader.get_batch(index).slice(offset, limit)
            limit -= batch.num_rows
            bytes_left -= batch.nbytes
            yield batch
            if limit <= 0 or bytes_left <= 0:
                return
        offset = max(0, offset - count)


def json_values(values: list[Any], column: ColumnRecord) -> list[Any]:
    """Return the values of a column as JSON values, see `read_rows`; None where one is missing."""
    if column.kind == "time":
        return [None if value is None else format_time(value) for value in values]
    if column.kind == "numeric" and column.integral:
        return [value if value is None else _whole(value) for value in values]
    return values


def _whole(value: float) -> int | float:
    return int(value) if abs(value) <= LARGEST_EXACT else value
