from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from engine.arrays import Floats
from engine.initializers import initialize
from engine.network import build_network, initialize_network
from engine.numerics.blocks import ELEMENTWISE_BLOCK
from engine.specs import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    InitializerSpec,
    LecunNormal,
    LecunUniform,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Zeros,
)
from tests.engine.examples import FLOAT64, network_spec


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def drawn(spec: InitializerSpec) -> Floats:
    weight = np.empty((200, 300))
    initialize(spec, weight, 200, 300, generator())
    return weight


@pytest.mark.parametrize(
    ("spec", "std"),
    [
        (HeNormal(), (2 / 200) ** 0.5),
        (HeUniform(), (2 / 200) ** 0.5),
        (GlorotNormal(), (2 / 500) ** 0.5),
        (GlorotUniform(), (2 / 500) ** 0.5),
        (LecunNormal(), (1 / 200) ** 0.5),
        (LecunUniform(), (1 / 200) ** 0.5),
        (Normal(std=0.3), 0.3),
        (Uniform(limit=0.3), 0.3 / 3**0.5),
        # The std of the standard normal truncated at ±2.
        (TruncatedNormal(std=0.3), 0.3 * 0.87962566),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_spread_follows_the_formula(spec: InitializerSpec, std: float) -> None:
    weight = drawn(spec)
    assert weight.shape == (200, 300)
    assert weight.std() == pytest.approx(std, rel=0.02)
    assert abs(weight.mean()) < 0.02 * std


@pytest.mark.parametrize(
    ("spec", "limit"),
    [
        (HeUniform(), (6 / 200) ** 0.5),
        (GlorotUniform(), (6 / 500) ** 0.5),
        (LecunUniform(), (3 / 200) ** 0.5),
        (Uniform(limit=0.7), 0.7),
        (TruncatedNormal(std=0.7), 1.4),
    ],
    ids=lambda value: getattr(value, "type", ""),
)
def test_no_weight_exceeds_the_limit(spec: InitializerSpec, limit: float) -> None:
    weight = np.abs(drawn(spec))
    assert 0.99 * limit < weight.max() <= limit


def test_zeros_and_constants_are_deterministic() -> None:
    assert not drawn(Zeros()).any()
    assert (drawn(Constant(value=-2.5)) == -2.5).all()


@settings(max_examples=40, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple))
def test_orthogonal_has_orthonormal_rows_or_columns(shape: tuple[int, ...]) -> None:
    weight = np.empty(shape)
    initialize(Orthogonal(gain=3), weight, 1, 1, generator())
    matrix = weight.reshape(-1, shape[-1])
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.T
    np.testing.assert_allclose(matrix.T @ matrix, 9 * np.eye(matrix.shape[1]), atol=1e-12)


def test_orthogonal_signs_are_unbiased() -> None:
    random = generator()
    weight, signs = np.empty((4, 4)), []
    for _ in range(400):
        initialize(Orthogonal(), weight, 4, 4, random)
        signs.append(np.sign(weight[0]))
    assert np.abs(np.mean(signs, axis=0)).max() < 0.2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("spec", "draw"),
    [
        (Uniform(limit=0.5), lambda random: random.uniform(-0.5, 0.5, (500, 70))),
        (Normal(std=0.5), lambda random: random.normal(0.0, 0.5, (500, 70))),
        (TruncatedNormal(std=0.5), lambda random: redrawn(random, 0.5, (500, 70))),
    ],
    ids=["uniform", "normal", "truncated_normal"],
)
def test_blocks_have_the_numbers_of_one_draw(
    spec: InitializerSpec,
    draw: Callable[[np.random.Generator], Floats],
    dtype: DTypeLike,
) -> None:
    weight: Floats = np.empty((500, 70), dtype)
    assert weight.size > 2 * ELEMENTWISE_BLOCK
    one, other = generator(), generator()
    initialize(spec, weight, 1, 1, one)
    np.testing.assert_array_equal(weight, draw(other).astype(dtype))
    assert one.random() == other.random()


def redrawn(random: np.random.Generator, std: float, shape: tuple[int, ...]) -> Floats:
    values = random.normal(0.0, std, shape)
    while (outside := np.abs(values) > 2 * std).any():
        values[outside] = random.normal(0.0, std, int(outside.sum()))
    return values


def test_same_seed_gives_the_same_network_in_every_dtype() -> None:
    spec = network_spec((4,), 2)
    double, single = build_network(spec, 3, FLOAT64), build_network(spec, 3, np.dtype(np.float32))
    initialize_network(double, 7)
    initialize_network(single, 7)
    np.testing.assert_array_equal(double.parameters.astype(np.float32), single.parameters)


def test_each_layer_has_its_own_random_stream() -> None:
    spec = network_spec((3, 3), 3)
    network = build_network(spec, 3, FLOAT64)
    initialize_network(network, 7)
    named = network.named_parameters()
    assert not np.array_equal(named["layers.0.weight"], named["layers.1.weight"])
    assert not named["layers.0.bias"].any()
