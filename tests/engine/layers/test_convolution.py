import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.layers.convolution import Conv2d
from engine.layers.windows import Windows, make_windows
from engine.specs import GlorotUniform
from tests.engine.examples import FLOAT64, Matrix, draw
from tests.engine.layer_examples import bound

SIDES, SMALL = st.integers(1, 6), st.integers(1, 3)
Padding = Literal["valid", "same"]


def make_conv2d(
    windows: tuple[Windows, Windows], channels: int, filters: int, rows: int, use_bias: bool
) -> Conv2d:
    layer = Conv2d(
        "layers.0",
        windows,
        channels,
        filters,
        FLOAT64,
        use_bias=use_bias,
        initializer=GlorotUniform(),
    )
    bound(layer, rows)
    return layer


def convolve(layer: Conv2d, windows: tuple[Windows, Windows], x: Matrix) -> Matrix:
    """The reference: nested loops over the formula."""
    y = np.zeros((len(x), *layer.out_shape))
    for row, i, j, f in np.ndindex(y.shape):
        for u, v, c in np.ndindex(layer.kernel):
            position = [
                index * axis.stride + offset - axis.before
                for index, offset, axis in zip((i, j), (u, v), windows, strict=True)
            ]
            if all(0 <= p < axis.size for p, axis in zip(position, windows, strict=True)):
                y[row, i, j, f] += x[row, position[0], position[1], c] * layer.weight[u, v, c, f]
    return y + (layer.bias if layer.use_bias else 0)


@settings(max_examples=60, deadline=None)
@given(
    sides=st.tuples(SIDES, SIDES),
    kernel=st.tuples(SMALL, SMALL),
    strides=st.tuples(SMALL, SMALL),
    padding=st.sampled_from(["valid", "same"]),
    channels=SMALL,
    filters=SMALL,
    use_bias=st.booleans(),
)
def test_forward_equals_the_naive_convolution(
    sides: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: Padding,
    channels: int,
    filters: int,
    use_bias: bool,
) -> None:
    height, width = (
        make_windows(*axis, padding) for axis in zip(sides, kernel, strides, strict=True)
    )
    assume(height.count and width.count)
    layer = make_conv2d((height, width), channels, filters, 2, use_bias)
    x = draw(2, *sides, channels)
    expected = convolve(layer, (height, width), x)
    np.testing.assert_allclose(layer.forward(x), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    sides=st.tuples(SIDES, SIDES),
    kernel=st.tuples(SMALL, SMALL),
    strides=st.tuples(SMALL, SMALL),
    padding=st.sampled_from(["valid", "same"]),
)
def test_backward_is_the_transpose_of_forward(
    sides: tuple[int, int], kernel: tuple[int, int], strides: tuple[int, int], padding: Padding
) -> None:
    height, width = (
        make_windows(*axis, padding) for axis in zip(sides, kernel, strides, strict=True)
    )
    assume(height.count and width.count)
    layer = make_conv2d((height, width), 2, 3, 4, use_bias=False)
    x, dy = draw(4, *sides, 2), draw(4, height.count, width.count, 3, seed=1)
    total = np.vdot(layer.forward(x), dy)
    dx = layer.backward(dy)
    # y is linear in x and in the weights, so both gradients give back the same sum.
    assert np.vdot(dx, x) == pytest.approx(total, abs=1e-10)
    assert np.vdot(layer._weight_gradient, layer.weight) == pytest.approx(total, abs=1e-10)


@given(size=st.integers(1, 20), length=st.integers(1, 9), stride=st.integers(1, 5))
def test_same_padding_has_one_window_per_stride(size: int, length: int, stride: int) -> None:
    windows = make_windows(size, length, stride, "same")
    assert windows.count == math.ceil(size / stride)
    assert windows.after - windows.before in {0, 1}


@given(
    size=st.integers(1, 12),
    length=st.integers(1, 6),
    stride=st.integers(1, 5),
    padding=st.sampled_from(["valid", "same"]),
)
def test_spans_per_offset_pair_windows_with_their_values(
    size: int, length: int, stride: int, padding: Padding
) -> None:
    axis = make_windows(size, length, stride, padding)
    for offset, (windows, values) in enumerate(axis.spans_per_offset()):
        pairs = [(w, w * stride + offset - axis.before) for w in range(axis.count)]
        inside = [(w, value) for w, value in pairs if 0 <= value < size]
        found = zip(range(axis.count)[windows], range(size)[values], strict=True)
        assert list(found) == inside


def test_padding_stays_zero_from_batch_to_batch() -> None:
    windows = make_windows(4, 3, 1, "same")
    layer = make_conv2d((windows, windows), 1, 2, 3, use_bias=True)
    x = draw(3, 4, 4, 1)
    first = layer.forward(x).copy()
    layer.backward(draw(3, 4, 4, 2))
    layer.resize(2)
    layer.forward(draw(2, 4, 4, 1, seed=9))
    layer.resize(3)
    np.testing.assert_array_equal(layer.forward(x), first)
