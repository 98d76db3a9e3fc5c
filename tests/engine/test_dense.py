import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.layers.dense import Dense
from tests.engine.examples import FLOAT64, draw

SIZES = st.integers(1, 7)


def make_dense(
    in_features: int, units: int, *, use_bias: bool = True, is_first: bool = False
) -> Dense:
    layer = Dense(
        "layers.0", in_features, units, use_bias=use_bias, is_first=is_first, dtype=FLOAT64
    )
    shapes = layer.parameter_shapes()
    layer.bind(
        {name: draw(*shape, seed=3) for name, shape in shapes.items()},
        {name: np.full(shape, np.nan) for name, shape in shapes.items()},
    )
    return layer


@settings(max_examples=40, deadline=None)
@given(rows=SIZES, in_features=SIZES, units=SIZES, use_bias=st.booleans())
def test_forward_and_backward_are_the_sums_they_claim(
    rows: int, in_features: int, units: int, use_bias: bool
) -> None:
    layer = make_dense(in_features, units, use_bias=use_bias)
    x, dy = draw(rows, in_features), draw(rows, units, seed=1)
    layer.resize(rows)
    y = layer.forward(x).copy()
    dx = layer.backward(dy)
    bias = layer.bias if use_bias else 0
    np.testing.assert_allclose(y, np.einsum("bi,io->bo", x, layer.weight) + bias, atol=1e-12)
    np.testing.assert_allclose(dx, np.einsum("bo,io->bi", dy, layer.weight), atol=1e-12)
    np.testing.assert_allclose(layer.weight_gradient, np.einsum("bi,bo->io", x, dy), atol=1e-12)
    if use_bias:
        np.testing.assert_allclose(layer.bias_gradient, np.einsum("bo->o", dy), atol=1e-12)


def test_first_layer_computes_no_gradient_of_its_inputs() -> None:
    layer = make_dense(3, 2, is_first=True)
    layer.resize(4)
    layer.forward(draw(4, 3))
    assert layer.backward(draw(4, 2)).size == 0


def test_fewer_rows_use_the_same_memory() -> None:
    layer = make_dense(3, 2)
    layer.resize(8)
    whole = layer.forward(draw(8, 3))
    layer.resize(5)
    part = layer.forward(draw(5, 3))
    assert part.shape == (5, 2)
    assert np.shares_memory(whole, part)


def test_inputs_are_left_alone() -> None:
    layer, x = make_dense(3, 2), draw(4, 3)
    layer.resize(4)
    layer.forward(x)
    layer.backward(draw(4, 2))
    np.testing.assert_array_equal(x, draw(4, 3))
