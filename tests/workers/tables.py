"""Datasets in a store, with column files written without intake."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.data.table import ColumnKind
from store.blobs.blobs import open_blobs
from store.datasets.columns import ColumnRecord
from store.datasets.datasets import (
    Contents,
    DatasetRecord,
    blob_key,
    publish_dataset,
    receive_dataset,
)
from store.db.database import Database
from store.settings import Settings

# Numbers (NaN: missing), or texts or booleans (None: missing).
Values = np.ndarray[Any, np.dtype[np.float64]] | list[Any]
BATCH_ROWS = 50_000


def add_dataset(
    database: Database, settings: Settings, folder: Path, columns: dict[str, Values]
) -> DatasetRecord:
    """Store a dataset with these columns."""
    path = folder / "columns.arrow"
    batch = pa.RecordBatch.from_pydict({name: _array(values) for name, values in columns.items()})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_table(pa.Table.from_batches([batch]), max_chunksize=BATCH_ROWS)
    with database.writing() as session:
        dataset_id = receive_dataset(session, "table")
    open_blobs(settings).put_blob(blob_key(dataset_id), path)
    described = tuple(_describe(name, values) for name, values in columns.items())
    contents = Contents(batch.num_rows, path.stat().st_size, "0" * 64, described)
    with database.writing() as session:
        return publish_dataset(session, dataset_id, contents)


def _array(values: Values) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _describe(name: str, values: Values) -> ColumnRecord:
    kind: ColumnKind = "numeric"
    known = [value for value in values if value is not None and value == value]
    if not isinstance(values, np.ndarray):
        kind = "boolean" if isinstance(known[0], bool) else "categorical"
    least, most = (min(known), max(known)) if kind == "numeric" else (None, None)
    integral = kind == "numeric" and all(float(value).is_integer() for value in known)
    return ColumnRecord(
        name=name,
        kind=kind,
        missing=len(values) - len(known),
        distinct=len(set(known)),
        integral=integral,
        minimum=None if least is None else float(least),
        maximum=None if most is None else float(most),
        mean=None,
        std=None,
        top_values=(),
    )
