"""The longest call within which a training step cannot be abandoned, measured and as estimated.

    python -m benchmarks.longest_calls [NAME ...]

Two epochs of each training are run with one BLAS thread. Printed are the most processor seconds
between two questions whether to abandon the step, in the first epoch, where the memory of the
layers is new, and in the second; and the estimate, of which `validate` warns (`slow_interruption`)
beyond half a second.
"""

import os
import sys
import time
from typing import Any

import numpy as np

from benchmarks.long_steps import INPUTS
from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.layers.build import build_layers
from engine.numerics.blas import warm_up_products
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.resolution.row_counts import RowCounts
from engine.resolution.slow_interruption import seconds_of_longest_call
from engine.specs import TrainingSpec
from engine.training.training import Training
from workers.process.blas_threads import blas_environment

NORMALIZATION = {"type": "batch_normalization"}
SIDE = 28


def _normalized(units: int) -> list[dict[str, Any]]:
    dense = {"type": "dense", "units": units}
    return [dense, NORMALIZATION, dense]


def _convolution(filters: int, kernel_size: int) -> list[dict[str, Any]]:
    size = {"filters": filters, "kernel_size": kernel_size, "padding": "same"}
    layer = {"type": "conv2d", **size}
    return [layer, NORMALIZATION, layer, {"type": "flatten"}]


# Rows of a batch, layers, request; layers of images have other inputs.
TRAININGS: dict[str, tuple[int, list[dict[str, Any]], dict[str, Any]]] = {
    "8,192 rows, 2 × 1024, batch normalization": (8192, _normalized(1024), {}),
    "12,000 rows, 2 × 1024, batch normalization": (12_000, _normalized(1024), {}),
    "60,000 rows, 2 × 256, batch normalization": (60_000, _normalized(256), {}),
    "128 rows, 2 × 6000": (128, [{"type": "dense", "units": 6000}] * 2, {"optimizer": "sgd"}),
    "20,000 rows, 2 × 1024": (20_000, [{"type": "dense", "units": 1024}] * 2, {}),
    "1,000 images, 32 filters of 3²": (1000, _convolution(32, 3), {}),
    "500 images, 64 filters of 3²": (500, _convolution(64, 3), {}),
    "1,000 images, 16 filters of 5²": (1000, _convolution(16, 5), {}),
    "1,000 images, 64 filters of 1²": (1000, _convolution(64, 1), {}),
}


def measure(
    rows: int, layers: list[dict[str, Any]], request: dict[str, Any]
) -> tuple[float, float, float]:
    """Return the seconds of the longest call of the first and the second epoch, and estimated."""
    has_images = layers[0]["type"] == "conv2d"
    inputs = SIDE**2 if has_images else INPUTS
    random = np.random.default_rng(0)
    columns: dict[str, Column] = {
        f"x{i}": NumericColumn(random.standard_normal(rows)) for i in range(inputs)
    }
    columns["y"] = NumericColumn(random.standard_normal(rows))
    schemas = tuple(ColumnSchema(name, "numeric", 0, None) for name in columns)
    asked = {
        "target": "y",
        "task": "regression",
        "validation": None,
        "batch_size": rows,
        "network": {"layers": layers},
        **({"input_shape": [SIDE, SIDE, 1]} if has_images else {}),
        **request,
    }
    spec = resolve(TrainingSpec.model_validate(asked), TableSchema(rows, schemas)).spec
    training = Training(spec, prepare(spec, MemoryTable(columns)))
    first, second = (_longest_call(training) for _ in range(2))
    built = build_layers(spec.network, inputs, np.dtype(spec.dtype))
    return first, second, seconds_of_longest_call(spec, built, RowCounts(rows, 0, rows))


def _longest_call(training: Training) -> float:
    """Return the most seconds between two questions of an epoch."""
    times = [time.thread_time()]

    def ask() -> bool:
        times.append(time.thread_time())
        return False

    training.run_epoch(ask, ask)
    return float(np.diff(times).max())


def main() -> None:
    """Measure the named trainings, by default all, and print a table."""
    warm_up_products()
    print("| step | first | second | estimate |\n|---|--:|--:|--:|")
    for name in sys.argv[1:] or TRAININGS:
        figures = " | ".join(f"{seconds:.2f}" for seconds in measure(*TRAININGS[name]))
        print(f"| {name} | {figures} |", flush=True)


if __name__ == "__main__":
    variables = blas_environment(1)
    if any(os.environ.get(name) != value for name, value in variables.items()):
        os.execve(sys.executable, [*sys.orig_argv], os.environ | variables)
    main()
