"""Peak memory of a training compared with the estimate."""

import tracemalloc
from typing import Any

import numpy as np
import pytest

from engine.data.table import ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.layers.chunks import CHUNK_BYTES
from engine.network import build_network
from engine.predictor import Predictor
from engine.preparation.prepare import prepare
from engine.resolution.resolve import Resolution, resolve
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import FLOAT64

ROWS, FEATURES = 2000, 64
# For wide networks, whose weights are nearly all of the memory and whose steps take long.
FEW_ROWS = 500
IMAGES: list[dict[str, Any]] = [
    {"type": "reshape", "shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 16, "padding": "same"},
    {"type": "batch_normalization"},
    {"type": "max_pooling2d"},
    {"type": "conv2d", "filters": 32},
    {"type": "dropout"},
    {"type": "flatten"},
]
# A row of them has workspaces of 250 KB: 1,024 rows would take a quarter of a gigabyte.
LARGE_IMAGES: list[dict[str, Any]] = [
    {"type": "reshape", "shape": [8, 8, 1]},
    {"type": "conv2d", "filters": 64, "padding": "same"},
    {"type": "conv2d", "filters": 64, "padding": "same"},
    {"type": "flatten"},
]


def resolution(rows: int = ROWS, **spec: Any) -> Resolution:
    columns = [ColumnSchema(f"x{i}", "numeric", 0, None) for i in range(FEATURES)]
    columns.append(ColumnSchema("y", "numeric", 0, None))
    asked = {"target": "y", "task": "regression", "epochs": 2, **spec}
    return resolve(TrainingSpec.model_validate(asked), TableSchema(rows, tuple(columns)))


def random_columns(found: Resolution, rows: int = ROWS) -> dict[str, NumericColumn]:
    random = np.random.default_rng(0)
    return {name: NumericColumn(random.normal(size=rows)) for name in (*found.spec.features, "y")}


@pytest.fixture(scope="module", autouse=True)
def _warmed_up() -> None:
    """Train once: what the first training of a process allocates for all later ones is not its."""
    peak_bytes(resolution(epochs=1), ROWS)


def peak_bytes(found: Resolution, rows: int) -> int:
    """The most that preparation's arrays, a training and its model took, beside the table."""
    columns = random_columns(found, rows)
    tracemalloc.start()
    try:
        data = prepare(found.spec, MemoryTable(columns))
        tracemalloc.reset_peak()
        training = Training(found.spec, data)
        for _ in train(training):
            pass
        weights = training.weights()
        assert weights
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "spec",
    [
        {"rows": FEW_ROWS, "network": {"layers": [{"type": "dense", "units": 1024}] * 2}},
        {
            "network": {"layers": [{"type": "dense", "units": 1024}] * 2},
            "optimizer": {"type": "sgd", "learning_rate": 0.001},
            "early_stopping": {"patience": 5},
        },
        {
            "network": {"layers": [{"type": "dense", "units": 512}] * 2},
            "early_stopping": {"patience": 5},
            "on_divergence": {},
        },
        {"network": {"layers": [{"type": "dense", "units": 256}]}, "batch_size": 1024},
        {"network": {"layers": [{"type": "dense", "units": 256}]}, "batch_size": "full"},
        {
            "rows": FEW_ROWS,
            "dtype": "float64",
            "network": {"layers": [{"type": "dense", "units": 512}] * 3},
        },
        {"network": {"layers": IMAGES}, "batch_size": 256},
        {"network": {"layers": LARGE_IMAGES}, "batch_size": 8, "epochs": 1},
        {
            "network": {"layers": [{"type": "dense", "units": 512}]},
            "optimizer": "lbfgs",
            "batch_size": "full",
        },
        {
            "network": {"layers": [{"type": "dense", "units": 256}]},
            "metrics": "all",
            "batch_size": 1024,
        },
    ],
    ids=[
        "wide",
        "sgd keeping the best",
        "restored after divergence",
        "large batch",
        "full batch",
        "float64",
        "images",
        "large images validated by chunks",
        "lbfgs",
        "all metrics",
    ],
)
def test_peak_memory_matches_the_estimate(spec: dict[str, Any]) -> None:
    found = resolution(**spec)
    peak = peak_bytes(found, spec.get("rows", ROWS))
    assert peak <= 1.05 * found.memory_bytes + 2**19 + 2**14
    assert peak >= 0.6 * found.memory_bytes


def test_validation_takes_no_more_than_its_share_however_large_a_row_is() -> None:
    network = {"layers": LARGE_IMAGES}
    with_it = resolution(network=network, batch_size=8)
    without = resolution(network=network, batch_size=8, validation=None)
    assert 0 < with_it.memory_bytes - without.memory_bytes < CHUNK_BYTES


def test_prediction_takes_no_more_than_its_share_however_large_a_row_is() -> None:
    found = resolution(network={"layers": LARGE_IMAGES}, validation=None, batch_size=8, epochs=1)
    columns = random_columns(found)
    data = prepare(found.spec, MemoryTable(columns))
    weights = Training(found.spec, data).weights()
    tracemalloc.start()
    try:
        predictor = Predictor(found.spec, data.preprocessing, weights)
        predictor.predict(columns)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < predictor.nbytes + 2**19 < CHUNK_BYTES + 2**21


def test_a_row_larger_than_the_share_leaves_nothing_behind() -> None:
    layers = [
        *LARGE_IMAGES[:2],
        {"type": "conv2d", "filters": 2, "kernel_size": 32, "padding": "same"},
        {"type": "layer_normalization"},
        {"type": "max_pooling2d"},
        {"type": "flatten"},
    ]
    found = resolution(network={"layers": layers}, validation=None, dtype="float64")
    columns = random_columns(found)
    data = prepare(found.spec, MemoryTable(columns))
    weights = build_network(found.spec.network, FEATURES, FLOAT64).named_parameters()
    few = {name: NumericColumn(column.values[:3]) for name, column in columns.items()}
    tracemalloc.start()
    try:
        predictor = Predictor(found.spec, data.preprocessing, weights)
        before = tracemalloc.get_traced_memory()[0]
        first = predictor.predict(few)
        held, peak = tracemalloc.get_traced_memory()
        again = predictor.predict(few)
    finally:
        tracemalloc.stop()
    assert peak - before > CHUNK_BYTES
    assert held - before < 2**17
    np.testing.assert_array_equal(first, again)
