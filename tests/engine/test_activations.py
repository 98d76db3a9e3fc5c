import math
from typing import get_args

import numpy as np
import pytest

from engine.activations import Relu, Sigmoid, Softmax, build_activation
from engine.specs import Activation, OutputActivation
from tests.engine.examples import FLOAT64, draw

NAMES: tuple[Activation | OutputActivation, ...] = (*get_args(Activation), "softmax")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_exact_on_both_tails(dtype: type[np.floating]) -> None:
    x = np.array([[-80.0, -30.0, -1.0, 0.0, 1.0, 30.0, 80.0]], dtype)
    expected = [1 / (1 + math.exp(-float(value))) for value in x[0]]
    y = Sigmoid(np.dtype(dtype)).forward(x.copy())
    np.testing.assert_allclose(y[0], expected, rtol=1e-5 if dtype is np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_of_anything_finite_neither_warns_nor_leaves_its_range(
    dtype: type[np.floating],
) -> None:
    largest = np.finfo(dtype).max
    y = Sigmoid(np.dtype(dtype)).forward(np.array([[-largest, -1e4, 1e4, largest]], dtype))
    assert np.all((y >= 0) & (y <= 1))
    assert y[0, 0] < 1e-30
    assert y[0, 3] == 1


def test_softmax_rows_sum_to_one_even_for_huge_inputs() -> None:
    y = Softmax().forward(np.array([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]]))
    np.testing.assert_allclose(y.sum(axis=1), 1)
    np.testing.assert_allclose(y[1], 1 / 3)


def test_softmax_matches_a_loop() -> None:
    x = draw(4, 3)
    expected = [[math.exp(v) / sum(math.exp(w) for w in row) for v in row] for row in x]
    np.testing.assert_allclose(Softmax().forward(x.copy()), expected)


def test_relu_has_no_slope_at_its_kink() -> None:
    relu = Relu(FLOAT64)
    y = relu.forward(np.array([[-1.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(relu.backward(y, np.array([[5.0, 5.0, 5.0]])), [[0, 0, 5]])


@pytest.mark.parametrize("name", NAMES)
def test_backward_is_the_jacobian_transposed_times_dy(name: Activation | OutputActivation) -> None:
    activation, x, dy, step = build_activation(name, FLOAT64), draw(3, 4), draw(3, 4, seed=2), 1e-6
    expected = np.empty_like(x)
    for index in np.ndindex(*x.shape):
        change = np.zeros_like(x)
        change[index] = step
        above, below = activation.forward(x + change), activation.forward(x - change)
        expected[index] = np.sum(dy * (above - below)) / (2 * step)
    dx = activation.backward(activation.forward(x.copy()), dy.copy())
    np.testing.assert_allclose(dx, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_backward_work_in_place(name: Activation | OutputActivation) -> None:
    activation, x, dy = build_activation(name, FLOAT64), draw(3, 4), draw(3, 4)
    y = activation.forward(x)
    assert y is x
    assert activation.backward(y, dy) is dy
