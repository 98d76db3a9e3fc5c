"""Training speed of a small convolutional network on the 8 × 8 digits, compared to PyTorch.

python -m benchmarks.convolution [THREADS]
"""

# PyTorch is imported where it is used.
# ruff: noqa: PLC0415

import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Epoch, Matrix
from benchmarks.results import write_results
from benchmarks.rounds import ROUNDS, median_seconds, restart_with
from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.numerics.blas import warm_up_products
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training

DIGITS = Path(__file__).parents[1] / "examples" / "digits" / "digits.csv"
BATCH = 32
CONVOLUTION = {"type": "conv2d", "kernel_size": 3, "padding": "same"}
LAYERS: list[dict[str, Any]] = [
    {"type": "reshape", "shape": [8, 8, 1]},
    {**CONVOLUTION, "filters": 16},
    {"type": "max_pooling2d"},
    {**CONVOLUTION, "filters": 32},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
    {"type": "dense", "units": 64},
]


def read_digits() -> tuple[Matrix, NDArray[np.intp]]:
    """Return pixels `(1797, 64)` and labels `(1797,)`."""
    with DIGITS.open(encoding="ascii") as file:
        rows = np.array(list(csv.reader(file))[1:], dtype=np.float32)
    return rows[:, :-1] / np.float32(16), rows[:, -1].astype(np.intp)


def engine_epoch(x: Matrix, y: NDArray[np.intp]) -> Epoch:
    """Return a call that trains for one epoch as a worker does."""
    columns: dict[str, Column] = {
        f"x{i}": NumericColumn(x[:, i].astype(np.float64)) for i in range(len(x.T))
    }
    columns["y"] = NumericColumn(y.astype(np.float64))
    schemas = [ColumnSchema(name, "numeric", 0, None) for name in columns]
    schemas[-1] = ColumnSchema("y", "numeric", 0, 10, integral=True)
    spec = TrainingSpec.model_validate(
        {
            "target": "y",
            "preprocessing": {"numeric": "none"},
            "network": {"layers": LAYERS},
            "batch_size": BATCH,
            "epochs": 1_000_000,
            "validation": None,
        }
    )
    resolved = resolve(spec, TableSchema(len(x), tuple(schemas))).spec
    warm_up_products()
    records = train(Training(resolved, prepare(resolved, MemoryTable(columns))))
    return lambda: next(records)


def torch_epoch(x: Matrix, y: NDArray[np.intp], threads: int) -> Epoch | None:
    """Return an epoch of the same network in PyTorch's eager mode with fused Adam."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)),
    )
    adam = torch.optim.Adam(model.parameters(), fused=True)
    inputs, targets = torch.from_numpy(x.reshape(-1, 1, 8, 8)), torch.from_numpy(y)

    def run() -> None:
        order = torch.randperm(len(inputs))
        for start in range(0, len(inputs), BATCH):
            rows = order[start : start + BATCH]
            adam.zero_grad()
            nn.functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
            adam.step()

    return run


def main() -> None:
    """Run the benchmark with the number of threads given as argument, 1 by default."""
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    restart_with(threads, "benchmarks.convolution")
    x, y = read_digits()
    median = median_seconds({"engine": engine_epoch(x, y), "pytorch": torch_epoch(x, y, threads)})
    figures: dict[str, Any] = {
        "rounds": ROUNDS,
        "threads": threads,
        "seconds_per_epoch": {name: round(value, 4) for name, value in median.items()},
        "samples_per_second": {name: round(len(x) / value) for name, value in median.items()},
    }
    if "pytorch" in median:
        figures["times_as_fast_as_pytorch"] = round(median["pytorch"] / median["engine"], 2)
    print(json.dumps(figures, indent=2))
    print(f"written to {write_results(f'convolution-{threads}-threads', figures)}")


if __name__ == "__main__":
    main()
