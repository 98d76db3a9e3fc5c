import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Floats
from engine.layers.pooling import AveragePooling2d, MaxPooling2d
from engine.layers.windows import make_windows
from tests.engine.examples import FLOAT64, Matrix, draw
from tests.engine.layer_examples import bound

SIDES, SMALL = st.integers(3, 7), st.integers(1, 3)
Pooling = MaxPooling2d | AveragePooling2d


def make_pooling(
    kind: type[Pooling],
    sides: tuple[int, int],
    pool: tuple[int, int],
    strides: tuple[int, int],
    rows: int = 2,
) -> Pooling:
    height, width = (
        make_windows(*axis, "valid") for axis in zip(sides, pool, strides, strict=True)
    )
    layer = kind("layers.0", (height, width), 3, FLOAT64)
    bound(layer, rows)
    return layer


def pool_naively(
    layer: Pooling, x: Matrix, pool: tuple[int, int], strides: tuple[int, int]
) -> Floats:
    y = np.empty((len(x), *layer.out_shape))
    for i, j in np.ndindex(layer.out_shape[:2]):
        top, left = i * strides[0], j * strides[1]
        window = x[:, top : top + pool[0], left : left + pool[1]]
        y[:, i, j] = window.max((1, 2)) if isinstance(layer, MaxPooling2d) else window.mean((1, 2))
    return y


@pytest.mark.parametrize("kind", [MaxPooling2d, AveragePooling2d])
@settings(max_examples=60, deadline=None)
@given(sides=st.tuples(SIDES, SIDES), pool=st.tuples(SMALL, SMALL), strides=st.tuples(SMALL, SMALL))
def test_pooling_equals_a_naive_loop(
    kind: type[Pooling], sides: tuple[int, int], pool: tuple[int, int], strides: tuple[int, int]
) -> None:
    layer, x = make_pooling(kind, sides, pool, strides), draw(2, *sides, 3)
    expected = pool_naively(layer, x, pool, strides)
    np.testing.assert_allclose(layer.forward(x).copy(), expected, rtol=1e-14)
    np.testing.assert_allclose(layer.predict(x), expected, rtol=1e-14)


@pytest.mark.parametrize("kind", [MaxPooling2d, AveragePooling2d])
@settings(max_examples=60, deadline=None)
@given(sides=st.tuples(SIDES, SIDES), pool=st.tuples(SMALL, SMALL), strides=st.tuples(SMALL, SMALL))
def test_gradient_goes_to_the_pooled_values(
    kind: type[Pooling], sides: tuple[int, int], pool: tuple[int, int], strides: tuple[int, int]
) -> None:
    layer, x = make_pooling(kind, sides, pool, strides), draw(2, *sides, 3)
    dy = draw(2, *layer.out_shape, seed=1)
    total = np.vdot(layer.forward(x), dy)
    dx = layer.backward(dy.copy())
    # y is linear near x, so both sums are Σ dy · y.
    assert np.vdot(dx, x) == pytest.approx(total, abs=1e-10)
    assert dx.sum() == pytest.approx(dy.sum(), abs=1e-10)


@pytest.mark.parametrize("stride", [1, 2])
def test_first_of_equal_values_receives_the_gradient(stride: int) -> None:
    layer = make_pooling(MaxPooling2d, (2, 2), (2, 2), (stride, stride), rows=1)
    layer.forward(np.ones((1, 2, 2, 3)))
    dx = layer.backward(np.full((1, 1, 1, 3), 5.0))
    np.testing.assert_array_equal(dx[0, :, :, 0], [[5, 0], [0, 0]])


@pytest.mark.parametrize("kind", [MaxPooling2d, AveragePooling2d])
def test_inputs_are_not_modified(kind: type[Pooling]) -> None:
    layer, x = make_pooling(kind, (4, 4), (2, 2), (2, 2)), draw(2, 4, 4, 3)
    layer.forward(x)
    layer.backward(draw(2, 2, 2, 3))
    np.testing.assert_array_equal(x, draw(2, 4, 4, 3))
