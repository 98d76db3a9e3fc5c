"""Column files: a dataset's columns as Arrow IPC, read as an engine table.

One field per column, in the dataset's order: float64 for numbers and for times (seconds since
1970), bool, and string for categories and texts. Record batches have at most a few MiB.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.arrays import Indices
from engine.data.table import (
    CategoricalColumn,
    Column,
    ColumnSchema,
    FileConventions,
    NumericColumn,
    TableSchema,
    take_rows,
)
from engine.errors import DataError
from store.datasets.columns import MAX_CATEGORY_LENGTH, ColumnRecord
from store.datasets.datasets import DatasetRecord

if TYPE_CHECKING:
    import pyarrow as pa


def table_schema(dataset: DatasetRecord) -> TableSchema:
    """Return the table schema that the engine needs before it reads rows."""
    return TableSchema(
        rows=dataset.rows,
        columns=tuple(
            ColumnSchema(
                name=column.name,
                kind=column.kind,
                missing=column.missing,
                distinct=column.distinct,
                integral=column.integral,
                minimum=column.minimum,
                levels=_all_levels(column),
                maximum=column.maximum,
                mean=column.mean,
                std=column.std,
                all_different=column.all_different,
            )
            for column in dataset.columns
        ),
        words=_conventions(dataset),
    )


def _all_levels(column: ColumnRecord) -> tuple[str, ...] | None:
    """Return all distinct values of a column as text; None if they are not all stored whole."""
    if column.levels is not None or len(column.top_values) != column.distinct:
        return column.levels
    # A long text is stored with its first characters only.
    if any(len(value) >= MAX_CATEGORY_LENGTH for value, _ in column.top_values):
        return None
    return tuple(value for value, _ in column.top_values)


class ColumnFile:
    """An `engine.data.table.Table` over a column file; only the requested columns are read.

    The file is read rather than mapped: mapped pages count as memory of the process.
    """

    def __init__(self, path: Path, rows: int, words: FileConventions | None = None) -> None:
        self._path = path
        self.rows = rows
        self.words = words or FileConventions()

    def read(self, names: Sequence[str]) -> dict[str, Column]:
        """Return whole columns by name. Raises DataError if a column does not exist."""
        # Arrow's own read_all allocates all columns of all batches, whichever are requested.
        chunks = list(self.chunks(names))
        return {name: _concatenate([chunk[name] for chunk in chunks]) for name in names}

    def take(self, names: Sequence[str], rows: Indices) -> dict[str, Column]:
        """Return the columns of these rows, in their order; only batches with one are read.

        Raises DataError if a column does not exist.

        Args:
            names: names of the columns.
            rows: row numbers, from 0, each less than `rows`.
        """
        ascending, order = np.unique(rows, return_inverse=True)
        parts, start = [], 0
        with self._open(names[:1]) as counter, self._open(names) as reader:
            for index in range(reader.num_record_batches):
                stop = start + counter.get_batch(index).num_rows
                first, last = np.searchsorted(ascending, (start, stop)).tolist()
                if first < last:
                    batch = reader.get_batch(index).take(ascending[first:last] - start)
                    parts.append({name: _column(batch.column(name)) for name in names})
                start = stop
        found = {name: _concatenate([part[name] for part in parts]) for name in names}
        return {name: take_rows(column, order) for name, column in found.items()}

    def chunks(self, names: Sequence[str]) -> Iterator[dict[str, Column]]:
        """Yield the columns per record batch."""
        with self._open(names) as reader:
            for index in range(reader.num_record_batches):
                batch = reader.get_batch(index)
                yield {name: _column(batch.column(name)) for name in names}

    @contextmanager
    def _open(self, names: Sequence[str]) -> Iterator["pa.ipc.RecordBatchFileReader"]:
        import pyarrow as pa

        with pa.OSFile(str(self._path)) as source:
            known = pa.ipc.open_file(source).schema
            # Not by `known.names`, which makes a list of all names each time it is asked.
            wanted = [known.get_field_index(name) for name in names]
            for name, index in zip(names, wanted, strict=True):
                if index < 0:
                    message = f"there is no column {name!r}"
                    raise DataError(message)
            options = pa.ipc.IpcReadOptions(included_fields=wanted)
            yield pa.ipc.open_file(source, options=options)


def open_table(dataset: DatasetRecord, path: Path) -> ColumnFile:
    """Open a dataset's table from a local copy of its column file."""
    return ColumnFile(path, dataset.rows, _conventions(dataset))


def _conventions(dataset: DatasetRecord) -> FileConventions:
    return FileConventions(
        missing=tuple(dataset.options.get("missing") or ()),
        decimal=dataset.options.get("decimal") or ".",
        time_formats={c.name: c.time_format for c in dataset.columns if c.time_format},
    )


def _concatenate(parts: Sequence[Column]) -> Column:
    """Concatenate the parts of a column; categories are in order of first occurrence."""
    numbers = [part.values for part in parts if isinstance(part, NumericColumn)]
    if numbers:
        return NumericColumn(np.concatenate(numbers))
    categories: dict[Any, int] = {}
    codes = [np.empty(0, np.int32)]
    for part in parts:
        assert isinstance(part, CategoricalColumn)  # noqa: S101 - one kind per column
        index_of = [categories.setdefault(level, len(categories)) for level in part.levels]
        # The last entry maps the code −1 (missing) to itself.
        codes.append(np.array([*index_of, -1], np.int32)[part.codes])
    return CategoricalColumn(np.concatenate(codes), tuple(categories))


def _column(array: "pa.Array") -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(array.type):
        # Copied: the file may be closed before the column is used.
        return NumericColumn(np.array(array.to_numpy(zero_copy_only=False), dtype=np.float64))
    if pa.types.is_boolean(array.type):
        codes = pc.fill_null(pc.cast(array, pa.int8()), -1)
        return CategoricalColumn(
            codes.to_numpy(zero_copy_only=False).astype(np.int32), (False, True)
        )
    encoded = array.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return CategoricalColumn(codes.astype(np.int32), tuple(encoded.dictionary.to_pylist()))
