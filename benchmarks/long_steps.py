"""Processor seconds per epoch of trainings with short and with long steps.

    python -m benchmarks.long_steps [NAME ...]

Prints one line of JSON with those of the fastest epoch of each training. To compare two versions,
run it alternately in a working tree of each, and take the medians of the ratios.
"""

import json
import os
import sys
import time
from typing import Any

import numpy as np

from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.numerics.blas import warm_up_products
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from workers.process.blas_threads import blas_environment

INPUTS = 30


def _dense(*units: int) -> dict[str, Any]:
    return {"network": {"layers": [{"type": "dense", "units": count} for count in units]}}


# Rows, epochs, request.
TRAININGS: dict[str, tuple[int, int, dict[str, Any]]] = {
    "tiny steps": (16_000, 5, {"batch_size": 16, **_dense(16)}),
    "small steps": (16_000, 5, {"batch_size": 32, **_dense(64, 32)}),
    "wide steps": (4096, 3, {"batch_size": 256, **_dense(1024, 1024)}),
    "full narrow": (60_000, 5, {"batch_size": "full", **_dense(64, 32)}),
    "full wide": (20_000, 2, {"batch_size": "full", **_dense(1024, 1024)}),
    "full lbfgs": (20_000, 3, {"batch_size": "full", "optimizer": "lbfgs", **_dense(256, 256)}),
    "one layer of 6,000²": (512, 2, {"batch_size": 256, "optimizer": "sgd", **_dense(6000, 6000)}),
}


def measure(rows: int, epochs: int, request: dict[str, Any]) -> float:
    """Return the processor seconds of the fastest epoch."""
    random = np.random.default_rng(0)
    columns: dict[str, Column] = {
        f"x{i}": NumericColumn(random.standard_normal(rows)) for i in range(INPUTS)
    }
    columns["y"] = NumericColumn(random.standard_normal(rows))
    schemas = tuple(ColumnSchema(name, "numeric", 0, None) for name in columns)
    asked = {"target": "y", "task": "regression", "validation": None, "epochs": epochs, **request}
    spec = resolve(TrainingSpec.model_validate(asked), TableSchema(rows, schemas)).spec
    records = train(Training(spec, prepare(spec, MemoryTable(columns))))
    times = [time.process_time()]
    times += [time.process_time() for _ in records]
    return float(np.diff(times).min())


def main() -> None:
    """Measure the named trainings, by default all, and print the result."""
    warm_up_products()
    names = sys.argv[1:] or list(TRAININGS)
    print(json.dumps({name: round(measure(*TRAININGS[name]), 5) for name in names}))


if __name__ == "__main__":
    variables = blas_environment(1)
    if any(os.environ.get(name) != value for name, value in variables.items()):
        os.execve(sys.executable, [*sys.orig_argv], os.environ | variables)
    main()
