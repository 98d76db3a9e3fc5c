import numpy as np
import pytest

from engine.build import build_network, initialize_network
from engine.initializers import initialize
from engine.specs import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerSpec,
    Normal,
)
from tests.engine.examples import FLOAT64, network_spec


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("spec", "std"),
    [
        (HeNormal(), (2 / 200) ** 0.5),
        (HeUniform(), (2 / 200) ** 0.5),
        (GlorotNormal(), (2 / 500) ** 0.5),
        (GlorotUniform(), (2 / 500) ** 0.5),
        (Normal(std=0.3), 0.3),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_spread_follows_the_formula(spec: InitializerSpec, std: float) -> None:
    weight = initialize(spec, 200, 300, generator())
    assert weight.shape == (200, 300)
    assert weight.std() == pytest.approx(std, rel=0.02)
    assert abs(weight.mean()) < 0.02 * std


@pytest.mark.parametrize(
    ("spec", "limit"), [(HeUniform(), (6 / 200) ** 0.5), (GlorotUniform(), (6 / 500) ** 0.5)]
)
def test_uniform_stays_within_its_limit(spec: InitializerSpec, limit: float) -> None:
    weight = np.abs(initialize(spec, 200, 300, generator()))
    assert 0.99 * limit < weight.max() <= limit


def test_same_seed_same_network_whatever_its_type() -> None:
    spec = network_spec((4,), 2)
    double, single = build_network(spec, 3, FLOAT64), build_network(spec, 3, np.dtype(np.float32))
    initialize_network(double, spec, 7)
    initialize_network(single, spec, 7)
    np.testing.assert_array_equal(double.parameters.astype(np.float32), single.parameters)


def test_layers_draw_from_streams_of_their_own() -> None:
    spec = network_spec((3, 3), 3)
    network = build_network(spec, 3, FLOAT64)
    initialize_network(network, spec, 7)
    named = network.named_parameters()
    assert not np.array_equal(named["layers.0.weight"], named["layers.1.weight"])
    assert not named["layers.0.bias"].any()
