"""Some rows of a column file as JSON values; see `store.datasets.column_file` for its layout."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.datasets.datasets import ColumnRecord
from store.datasets.time_text import format_time

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
# Whole numbers beyond are not exact as float64, and would look so as int.
LARGEST_EXACT = 2.0**53
# Of batches of a few MiB each no further one is begun after so many bytes.
MAX_BYTES = 2**24


def read_rows(path: Path, columns: Sequence[ColumnRecord], offset: int, limit: int) -> list[Row]:
    """Rows from `offset` on, at most `limit`, by column name: fewer of long texts, and at the end.

    Whole numbers of integral columns are int, times texts of RFC 3339 (a midnight is a date), what
    is missing is None.
    """
    import pyarrow as pa

    if limit <= 0 or not columns:
        return []
    rows: list[Row] = []
    # Mapped, so that batches before the first row are counted without being read.
    with pa.memory_map(str(path)) as source:
        for batch in _batches_from(source, offset, limit):
            cells = [_json_values(batch.column(c.name), c) for c in columns]
            names = [column.name for column in columns]
            rows += [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
    return rows


def _batches_from(source: "pa.NativeFile", offset: int, limit: int) -> Iterator["pa.RecordBatch"]:
    import pyarrow as pa

    room = MAX_BYTES
    counter = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=[0]))
    reader = pa.ipc.open_file(source)
    for index in range(reader.num_record_batches):
        count = counter.get_batch(index).num_rows
        if offset < count:
            batch = reader.get_batch(index).slice(offset, limit)
            limit -= batch.num_rows
            room -= batch.nbytes
            yield batch
            if limit <= 0 or room <= 0:
                return
        offset = max(0, offset - count)


def _json_values(cells: "pa.Array", column: ColumnRecord) -> list[Any]:
    values: list[Any] = cells.to_pylist()
    if column.kind == "time":
        return [None if value is None else format_time(value) for value in values]
    if column.kind == "numeric" and column.integral:
        return [value if value is None else _whole(value) for value in values]
    return values


def _whole(value: float) -> int | float:
    return int(value) if abs(value) <= LARGEST_EXACT else value
