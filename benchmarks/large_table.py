"""Preparation and training, as in a worker, on a table larger than its memory limit.

    python -m benchmarks.large_table FOLDER ROWS FEATURES EPOCHS LIMIT_MIB

Prints the results as JSON. With a limit, the process may allocate that much address space beyond
its size after the imports, and rows are read from files. With 0 there is no limit, and all rows
are kept in memory.
"""

import json
import resource
import sys
import time
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.data.table import ColumnSchema, TableSchema
from engine.numerics.blas import warm_up_products
from engine.preparation.prepared_data import PreparedData
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.loop import train
from engine.training.progress import EpochRecord
from engine.training.training import Training
from store.blobs.blobs import open_blobs
from store.blobs.disk_cache import Cache
from store.datasets.column_file import open_table
from store.datasets.datasets import DatasetRecord, blob_key
from store.environment import environment_fingerprint
from store.prepared.loader import TrainingDataLoader
from store.prepared.recent import RecentData
from store.settings import load_settings

# Keep address space close to used memory: one arena, no reservations, few thread stacks.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "ARROW_IO_THREADS": "1",
    # By default the threshold grows, and freed large blocks are split instead of unmapped.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
}
BATCH_BYTES = 4 * 2**20
UNLIMITED = 2**50
KEY = blob_key("ds_large")


def write_table(folder: Path, rows: int, features: int) -> None:
    """Write a column file of float32 columns in batches; the target is the sum of three columns."""
    path = folder / "blobs" / KEY
    path.parent.mkdir(parents=True)
    schema = pa.schema([(name, pa.float32()) for name in _names(features)])
    batch_rows = max(1, BATCH_BYTES // (4 * features))
    random = np.random.default_rng(0)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for start in range(0, rows, batch_rows):
            x = random.random((features, min(batch_rows, rows - start)), np.float32)
            arrays = [pa.array(column) for column in (*x, x[:3].sum(axis=0))]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _names(features: int) -> list[str]:
    return [*(f"x{n}" for n in range(features)), "y"]


def _resolve_spec(rows: int, features: int, epochs: int) -> ResolvedSpec:
    columns = (ColumnSchema(name, "numeric", 0, None) for name in _names(features))
    spec = {
        "target": "y",
        "task": "regression",
        "epochs": epochs,
        "batch_size": 1024,
        "network": {"layers": [{"type": "dense", "units": 16}]},
    }
    return resolve(TrainingSpec.model_validate(spec), TableSchema(rows, tuple(columns))).spec


def _dataset(rows: int) -> DatasetRecord:
    """Return a dataset record with the fields that preparation reads."""
    values: dict[str, Any] = dict.fromkeys((field.name for field in fields(DatasetRecord)), "")
    known = {"id": "ds_large", "rows": rows, "blob": KEY, "columns": (), "options": {}}
    return DatasetRecord(**{**values, **known, "created_at": datetime.now(UTC)})


def _limit_address_space(more_bytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + more_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def run(folder: Path, rows: int, features: int, epochs: int, limit_mib: int) -> dict[str, Any]:
    """Prepare and train; return bytes, seconds, and the losses as hexadecimal floats."""
    settings = load_settings(data_dir=folder)
    loader = TrainingDataLoader(
        spec=_resolve_spec(rows, features, epochs),
        dataset=_dataset(rows),
        validation_dataset=None,
        test_dataset=None,
        fitted=None,
        blobs=open_blobs(settings),
        cache=Cache(folder / "cache", UNLIMITED),
        recent=RecentData(),
        environment=environment_fingerprint(),
        max_resident_bytes=0 if limit_mib else UNLIMITED,
    )
    warm_up_products()
    next(open_table(loader.dataset, folder / "blobs" / KEY).chunks(("y",)))
    if limit_mib:
        _limit_address_space(limit_mib * 2**20)
    data = loader.prepare()
    training, seconds, records = Training(loader.spec, data), [], []
    started = time.perf_counter()
    for record in train(training):
        records.append(record)
        seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
    return {
        "matrix_bytes": _matrix_bytes(data),
        "preparing_seconds": loader.seconds,
        "epoch_seconds": seconds,
        "losses": [_bits(record) for record in records],
    }


def _matrix_bytes(data: PreparedData) -> int:
    parts = (data.x, data.x_validation)
    return sum(int(np.prod(x.shape)) * x.dtype.itemsize for x in parts if x is not None)


def _bits(record: EpochRecord) -> list[str]:
    return [value.hex() for value in (record.loss, record.validation_loss or 0.0)]


def main() -> None:
    """Run with the command line's arguments."""
    folder, *numbers = sys.argv[1:]
    print(json.dumps(run(Path(folder), *(int(number) for number in numbers))))


if __name__ == "__main__":
    main()
