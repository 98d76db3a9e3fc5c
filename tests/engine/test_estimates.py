import numpy as np
import pytest

from engine.build import build_network
from engine.estimates import memory_bytes, parameter_count
from engine.resolve import resolve
from engine.specs import Adam, DenseSpec, EarlyStoppingSpec, NetworkSpec, Sgd, TrainingSpec
from tests.engine.examples import FLOAT64, describe, line_columns, network_spec


@pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
@pytest.mark.parametrize("use_bias", [True, False])
def test_count_is_that_of_the_network(hidden: tuple[int, ...], use_bias: bool) -> None:
    spec = network_spec(hidden, 2, use_bias=use_bias)
    network = build_network(spec, 5, FLOAT64)
    assert parameter_count(spec, 5) == network.parameters.size


def test_memory_counts_the_optimizer_and_the_best_weights() -> None:
    network = NetworkSpec(layers=(DenseSpec(units=1000),))
    spec = TrainingSpec(target="y", network=network, optimizer=Sgd())
    sizes = []
    for changes in ({}, {"optimizer": Adam()}, {"early_stopping": EarlyStoppingSpec()}):
        resolution = resolve(spec.model_copy(update=changes), describe(line_columns()))
        sizes.append(resolution.memory_bytes)
    vector = parameter_count(resolution.spec.network, 2) * np.dtype(np.float32).itemsize
    assert sizes[1] - sizes[0] == 2 * vector
    assert sizes[2] - sizes[0] == vector


def test_memory_grows_with_the_rows() -> None:
    spec = resolve(TrainingSpec(target="y"), describe(line_columns())).spec
    few, many = memory_bytes(spec, 2, 100, 0), memory_bytes(spec, 2, 1100, 0)
    assert many - few == 1000 * (2 + 1) * 4


def test_memory_holds_a_gathered_batch_but_no_copy_of_all_rows() -> None:
    spec = resolve(TrainingSpec(target="y", batch_size=60), describe(line_columns())).spec
    gathered = memory_bytes(spec, 2, 1000, 0) - memory_bytes(spec, 2, 940, 0)
    assert gathered == 60 * (2 + 1) * 4
    in_order = spec.model_copy(update={"shuffle": False})
    assert memory_bytes(spec, 2, 100, 0) - memory_bytes(in_order, 2, 100, 0) == 60 * (2 + 1) * 4
    assert memory_bytes(spec, 2, 60, 0) == memory_bytes(in_order, 2, 60, 0)
