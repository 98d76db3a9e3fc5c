from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.data.shuffle import WINDOW_BYTES
from engine.layers.build import build_layers
from engine.layers.chunks import CHUNK_BYTES, CHUNK_ROWS, chunk_rows
from engine.network import build_network
from engine.preprocessing.fit.columns import GROUP_BYTES
from engine.resolution.memory import (
    MANY_COLUMNS,
    ORDER_ROW_BYTES,
    MemoryEstimate,
    estimate_memory,
    parameter_count,
)
from engine.resolution.resolve import resolve
from engine.resolution.row_counts import RowCounts
from engine.specs import (
    Adam,
    DenseSpec,
    EarlyStoppingSpec,
    Lbfgs,
    NetworkSpec,
    Orthogonal,
    ResolvedSpec,
    Sgd,
    TrainingSpec,
)
from tests.engine.examples import FLOAT64, describe, line_columns, network_spec
from tests.engine.layer_examples import LayerJson, image, layers_spec

IMAGES: list[LayerJson] = [
    image(2, 2, 1),
    {"type": "conv2d", "filters": 3, "kernel_size": 1, "frozen": True},
    {"type": "batch_normalization"},
    {"type": "residual", "layers": [{"type": "layer_normalization"}]},
    {"type": "flatten"},
]


def resolved(**spec: Any) -> ResolvedSpec:
    return resolve(TrainingSpec(target="y", **spec), describe(line_columns())).spec


def estimate(spec: ResolvedSpec, rows: int) -> MemoryEstimate:
    layers = build_layers(spec.network, 2, np.dtype(spec.dtype))
    return estimate_memory(spec, layers, 2, RowCounts(rows, 0, rows))


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_count_is_that_of_the_network(hidden: tuple[int, ...], use_bias: bool) -> None:
    spec = network_spec(hidden, 2, use_bias=use_bias)
    network = build_network(spec, 5, FLOAT64)
    assert parameter_count(build_layers(spec, 5, FLOAT64)) == network.parameters.size


def test_count_includes_frozen_weights_running_means_and_nested_layers() -> None:
    spec = layers_spec(IMAGES)
    network = build_network(spec, 4, FLOAT64)
    assert parameter_count(build_layers(spec, 4, FLOAT64)) == network.parameters.size
    assert network.parameters.size - network.trained.size == 3 + 3 + 2 * 3


def test_memory_counts_the_optimizer_and_the_best_weights() -> None:
    network = NetworkSpec(layers=(DenseSpec(units=1000),))
    spec = TrainingSpec(target="y", network=network, optimizer=Sgd())
    sizes = []
    for changes in ({}, {"optimizer": Adam()}, {"early_stopping": EarlyStoppingSpec()}):
        resolution = resolve(spec.model_copy(update=changes), describe(line_columns()))
        sizes.append(resolution.memory_bytes)
    vector = resolution.parameter_count * np.dtype(np.float32).itemsize
    assert sizes[1] - sizes[0] == 2 * vector
    assert sizes[2] - sizes[0] == vector


def test_memory_grows_with_the_rows() -> None:
    spec = resolved()
    one, other = estimate(spec, 1100), estimate(spec, 100)
    assert one.data - other.data == 1000 * (2 + 1) * 4
    assert one.working - other.working == 1000 * ORDER_ROW_BYTES


def test_memory_holds_a_gathered_batch_but_no_copy_of_all_rows() -> None:
    spec = resolved(batch_size=60)
    order = ORDER_ROW_BYTES
    assert estimate(spec, 1000).working - estimate(spec, 940).working == 60 * order
    in_order = spec.model_copy(update={"shuffle": False})
    gathered = 60 * (2 + 1) * 4 + 100 * order
    assert estimate(spec, 100).working - estimate(in_order, 100).working == gathered
    assert estimate(spec, 60) == estimate(in_order, 60)


def test_resident_data_are_limited() -> None:
    found = replace(estimate(resolved(), 10_000_000), preparing=0)
    assert found.data > 2**26
    assert found.total() - found.total(2**26) == found.data - WINDOW_BYTES
    assert found.total(2**40) == found.total()
    assert found.total(0) == found.working + WINDOW_BYTES


def test_data_that_may_be_a_little_larger_may_be_in_memory() -> None:
    found = replace(estimate(resolved(), 10_000_000), preparing=0)
    assert found.total(found.data) == found.total()
    assert found.total(found.data - 1) == found.total() - 1
    assert found.total(found.data * 9 // 10) == found.working + WINDOW_BYTES


def test_preparing_counts_where_it_takes_more() -> None:
    found = estimate(resolved(), 10_000_000)
    assert found.total(0) == found.preparing > found.working + WINDOW_BYTES


def test_one_batch_of_all_rows_is_in_memory() -> None:
    found = estimate(resolved(batch_size="full"), 10_000_000)
    assert found.total(0) == found.total()


def test_an_orthogonal_initializer_counts_where_it_takes_more() -> None:
    layer = DenseSpec(units=1000, initializer=Orthogonal())
    network = NetworkSpec(layers=(layer, layer))
    few, many = (
        estimate(resolved(network=network, optimizer=optimizer, batch_size="full"), 100).working
        for optimizer in (Sgd(), Lbfgs())
    )
    matrix = 1000 * 1000 * 8
    assert 4.75 * matrix < few < 6 * matrix
    assert many - few > 4 * matrix


def test_wide_tables_leave_gaps_while_they_are_prepared() -> None:
    spec = resolved()
    wide = spec.model_copy(update={"features": [f"x{n}" for n in range(MANY_COLUMNS)]})
    rows = 10**6
    assert estimate(wide, rows).preparing - estimate(spec, rows).preparing > 2 * GROUP_BYTES * 0.7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("filters", [1, 16, 256])
def test_rows_at_once_are_as_many_as_have_room(filters: int, dtype: str) -> None:
    same: LayerJson = {"type": "conv2d", "filters": filters, "padding": "same"}
    spec = layers_spec([image(64, 64, 1), same, same, {"type": "flatten"}])
    layers = build_layers(spec, 64 * 64, np.dtype(dtype))
    rows = chunk_rows(layers, dtype)
    taken = [sum(layer.workspace(r) for layer in layers) for r in (rows, rows + 1)]
    most = CHUNK_BYTES // np.dtype(dtype).itemsize
    assert rows == 1 or taken[0] <= most
    assert rows == CHUNK_ROWS or taken[1] > most
    assert (rows == 1) == (filters == 256)


@pytest.mark.parametrize(
    ("hidden", "dtype", "rows"),
    [
        ((), "float64", 1024),
        ((64, 64), "float64", 1024),
        ((1024,) * 3, "float32", 1024),
        ((2000,) * 3, "float32", 698),
        ((2000,) * 3, "float64", 349),
    ],
)
def test_only_large_rows_go_through_in_smaller_chunks(
    hidden: tuple[int, ...], dtype: str, rows: int
) -> None:
    layers = build_layers(network_spec(hidden, 2), 5, np.dtype(dtype))
    assert chunk_rows(layers, dtype) == rows
