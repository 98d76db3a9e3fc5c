"""A dataset's column file (Arrow IPC, memory-mapped) as the engine's columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.tables import Column, ColumnSchema, LevelColumn, NumericColumn, TableSchema
from store.datasets import DatasetRecord


def table_schema(dataset: DatasetRecord) -> TableSchema:
    """What the engine needs to know of a dataset before its rows are read."""
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
            )
            for column in dataset.columns
        ),
    )


def read_columns(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """Read columns by name from a column file; other columns' bytes are never touched."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all().select(list(names))
        return {name: _column(table.column(name)) for name in names}


def _column(values: pa.ChunkedArray) -> Column:
    array = values.combine_chunks()
    if pa.types.is_floating(array.type):
        # A copy: the file may be unmapped before the column is used.
        return NumericColumn(np.array(array.to_numpy(zero_copy_only=False), dtype=np.float64))
    if pa.types.is_boolean(array.type):
        codes = pc.fill_null(pc.cast(array, pa.int8()), -1)
        return LevelColumn(codes.to_numpy(zero_copy_only=False).astype(np.int32), (False, True))
    encoded = array.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return LevelColumn(codes.astype(np.int32), tuple(encoded.dictionary.to_pylist()))
