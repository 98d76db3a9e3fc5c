import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.layers.dense import Dense
from engine.specs import GlorotUniform
from tests.engine.examples import FLOAT64, draw
from tests.engine.layer_examples import bound

SIZES = st.integers(1, 7)


def make_dense(
    in_features: int, units: int, rows: int, *, use_bias: bool = True, is_frozen: bool = False
) -> Dense:
    layer = Dense(
        "layers.0",
        in_features,
        units,
        FLOAT64,
        use_bias=use_bias,
        initializer=GlorotUniform(),
    )
    layer.is_frozen = is_frozen
    bound(layer, rows)
    return layer


@settings(max_examples=40, deadline=None)
@given(rows=SIZES, in_features=SIZES, units=SIZES, use_bias=st.booleans())
def test_forward_and_backward_match_einsum(
    rows: int, in_features: int, units: int, use_bias: bool
) -> None:
    layer = make_dense(in_features, units, rows, use_bias=use_bias)
    x, dy = draw(rows, in_features), draw(rows, units, seed=1)
    y = layer.forward(x).copy()
    dx = layer.backward(dy)
    bias = layer.bias if use_bias else 0
    np.testing.assert_allclose(y, np.einsum("bi,io->bo", x, layer.weight) + bias, atol=1e-12)
    np.testing.assert_allclose(dx, np.einsum("bo,io->bi", dy, layer.weight), atol=1e-12)
    np.testing.assert_allclose(layer.weight_gradient, np.einsum("bi,bo->io", x, dy), atol=1e-12)
    if use_bias:
        np.testing.assert_allclose(layer.bias_gradient, np.einsum("bo->o", dy), atol=1e-12)


def test_unneeded_input_gradient_takes_no_memory() -> None:
    layer = make_dense(3, 2, 4)
    assert layer.workspace(4) == 4 * (2 + 3)
    layer.needs_dx = False
    assert layer.workspace(4) == 4 * 2


def test_frozen_layer_still_returns_the_input_gradient() -> None:
    layer = make_dense(3, 2, 4, is_frozen=True)
    layer.forward(draw(4, 3))
    dy = draw(4, 2, seed=1)
    np.testing.assert_allclose(layer.backward(dy), dy @ layer.weight.T)


def test_fewer_rows_use_the_same_memory() -> None:
    layer = make_dense(3, 2, 8)
    whole = layer.forward(draw(8, 3))
    layer.resize(5)
    part = layer.forward(draw(5, 3))
    assert part.shape == (5, 2)
    assert np.shares_memory(whole, part)


def test_inputs_are_not_modified() -> None:
    layer, x = make_dense(3, 2, 4), draw(4, 3)
    layer.forward(x)
    layer.backward(draw(4, 2))
    np.testing.assert_array_equal(x, draw(4, 3))
