from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.layers.embedding import Embedding
from engine.specs import EmbeddingTable, Normal
from tests.engine.examples import FLOAT64, Matrix, draw
from tests.engine.layer_examples import bound, layers_network

TABLES = [EmbeddingTable(position=0, codes=3), EmbeddingTable(position=2, codes=7)]


def make_embedding(rows: int, dimension: int | None = 2, *, is_frozen: bool = False) -> Embedding:
    layer = Embedding("layers.0", 4, TABLES, dimension, FLOAT64, initializer=Normal())
    layer.is_frozen = is_frozen
    bound(layer, rows)
    return layer


def coded_rows(rows: int, seed: int = 0) -> Matrix:
    random, x = np.random.default_rng(seed), draw(rows, 4)
    for table in TABLES:
        x[:, table.position] = random.integers(0, table.codes, rows)
    return x


def weights(layer: Embedding) -> list[Any]:
    return [table.weight for table in layer.tables]


def test_numbers_come_first_then_each_table() -> None:
    layer, x = make_embedding(5), coded_rows(5)
    first, second = weights(layer)
    expected = [x[:, [1, 3]], first[x[:, 0].astype(int)], second[x[:, 2].astype(int)]]
    np.testing.assert_array_equal(layer.forward(x), np.concatenate(expected, axis=1))
    assert layer.out_shape == (6,)


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(0, 9), dimension=st.integers(1, 4), seed=st.integers(0, 99))
def test_gradient_of_a_code_is_the_sum_of_its_rows(rows: int, dimension: int, seed: int) -> None:
    layer, x = make_embedding(rows, dimension), coded_rows(rows, seed)
    dy = draw(rows, 2 + 2 * dimension, seed=1)
    layer.forward(x)
    layer.backward(dy)
    for table in layer.tables:
        expected = np.zeros(table.shape)
        for row, code in enumerate(x[:, table.position].astype(int)):
            expected[code] += dy[row, table.columns]
        np.testing.assert_allclose(table.gradient, expected, atol=1e-12)


@pytest.mark.parametrize("code", [-1, 7, np.inf])
def test_code_out_of_range_raises_an_index_error(code: float) -> None:
    layer, x = make_embedding(2), coded_rows(2)
    x[1, 2] = code
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(IndexError, match="weight_2 has 7 rows"),
    ):
        layer.forward(x)


@pytest.mark.parametrize(("codes", "dimension"), [(1, 1), (2, 1), (7, 3), (101, 50), (1000, 50)])
def test_dimension_follows_from_the_codes(codes: int, dimension: int) -> None:
    tables = [EmbeddingTable(position=0, codes=codes)]
    layer = Embedding("layers.0", 1, tables, None, FLOAT64, initializer=Normal())
    assert layer.parameter_shapes() == {"layers.0.weight_0": (codes, dimension)}


def test_tables_are_initialized_small_and_are_penalized() -> None:
    tables = [{"position": 1, "codes": 400}]
    network = layers_network([{"type": "embedding", "tables": tables, "l2": 0.1}], 2)
    weight = network.named_parameters()["layers.0.weight_1"]
    assert weight.shape == (400, 50)
    assert weight.std() == pytest.approx(0.05, rel=0.02)
    assert network.layers[0].penalized() == ("layers.0.weight_1",)
    assert network.layers[0].penalty.l2 == 0.1


def test_frozen_tables_need_no_gradient() -> None:
    layer, dy = make_embedding(3, is_frozen=True), draw(3, 6)
    layer.forward(coded_rows(3))
    assert layer.backward(dy) is dy
