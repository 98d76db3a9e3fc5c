import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.activations import Activation, Gelu, Relu, Sigmoid, Softmax, Softplus, build_activation
from engine.arrays import Floats
from engine.numerics.special import erf
from engine.specs import Activation as ActivationField
from engine.specs import ActivationName, Elu, LeakyRelu, OutputActivation
from engine.specs import Gelu as GeluSpec
from tests.engine.examples import FLOAT64, draw

Spec = ActivationField | OutputActivation
SPECS: tuple[Spec, ...] = (
    *get_args(ActivationName),
    "exponential",
    LeakyRelu(negative_slope=0.3),
    Elu(alpha=2.5),
    GeluSpec(approximate="tanh"),
)


def made(spec: Spec, x: Floats) -> Activation:
    """Build the activation, with a buffer for arrays like x."""
    activation = build_activation(spec, x.dtype)
    if activation.saves:
        activation.saved = np.full_like(x, np.nan)
    return activation


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_accurate_on_both_tails(dtype: type[np.floating]) -> None:
    x = np.array([[-80.0, -30.0, -1.0, 0.0, 1.0, 30.0, 80.0]], dtype)
    expected = [1 / (1 + math.exp(-float(value))) for value in x[0]]
    y = Sigmoid(np.dtype(dtype)).forward(x.copy())
    np.testing.assert_allclose(y[0], expected, rtol=1e-5 if dtype is np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_of_extreme_inputs_stays_in_range_without_warnings(
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


def test_softmax_of_an_image_is_over_its_channels() -> None:
    x = draw(2, 3, 4, 5)
    flat = Softmax().forward(x.copy().reshape(24, 5))
    np.testing.assert_array_equal(Softmax().forward(x), flat.reshape(2, 3, 4, 5))


def test_relu_gradient_is_zero_at_its_kink() -> None:
    relu = Relu(FLOAT64)
    y = relu.forward(np.array([[-1.0, 0.0, 2.0]]))
    np.testing.assert_array_equal(relu.backward(y, np.array([[5.0, 5.0, 5.0]])), [[0, 0, 5]])


def test_softplus_is_accurate_for_small_values_and_slopes() -> None:
    softplus, x = Softplus(), np.array([[-700.0, -40.0, 0.0, 40.0, 700.0]])
    y = softplus.forward(x.copy())
    np.testing.assert_allclose(y[0], [math.exp(-700), math.exp(-40), math.log(2), 40, 700])
    slope = softplus.backward(y, np.ones((1, 5)))
    np.testing.assert_allclose(slope[0], [math.exp(-700), math.exp(-40), 0.5, 1, 1])


@given(st.floats(-1e4, 1e4))
def test_erf_matches_the_standard_library(x: float) -> None:
    assert erf(np.array([x]))[0] == pytest.approx(math.erf(x), rel=1e-15, abs=0)


def test_erf_keeps_single_precision() -> None:
    x = np.linspace(-7, 7, 1001, dtype=np.float32)
    values = erf(x)
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, [math.erf(value) for value in x], atol=3e-7)


def test_gelu_is_x_times_the_normal_cdf() -> None:
    x = draw(50, seed=2)
    expected = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x]
    np.testing.assert_allclose(Gelu().predict(x.copy()), expected, rtol=1e-13)


def test_selu_keeps_mean_zero_and_variance_one() -> None:
    y = build_activation("selu", FLOAT64).forward(draw(1_000_000))
    assert abs(y.mean()) < 0.005
    assert y.var() == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_backward_is_the_jacobian_transposed_times_dy(spec: Spec) -> None:
    x, dy, step = draw(3, 4), draw(3, 4, seed=2), 1e-6
    activation, expected = made(spec, x), np.empty_like(x)
    for index in np.ndindex(*x.shape):
        change = np.zeros_like(x)
        change[index] = step
        above, below = activation.predict(x + change), activation.predict(x - change)
        expected[index] = np.sum(dy * (above - below)) / (2 * step)
    dx = activation.backward(activation.forward(x.copy()), dy.copy())
    np.testing.assert_allclose(dx, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_forward_and_backward_work_in_place(spec: Spec) -> None:
    x, dy = draw(3, 4), draw(3, 4)
    activation = made(spec, x)
    y = activation.forward(x)
    assert y is x
    assert activation.backward(y, dy) is dy


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_keep_the_dtype_without_warnings(spec: Spec, dtype: type[Any]) -> None:
    x = np.array([[-1e4, -100, -1, 0, 1, 80, 1e4]], dtype)
    activation = made(spec, x)
    y = activation.forward(x.copy())
    assert y.dtype == dtype
    assert spec == "exponential" or np.isfinite(y).all()
    np.testing.assert_array_equal(activation.predict(x.copy()), y)
    dx = activation.backward(y, np.ones_like(x))
    assert dx.dtype == dtype
    assert spec == "exponential" or np.isfinite(dx).all()


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_results_do_not_depend_on_the_array_length(spec: Spec) -> None:
    x = draw(30_000, 2)
    activation, alone = made(spec, x), made(spec, x[-1:])
    whole = activation.backward(activation.forward(x.copy()), np.ones_like(x))
    last = alone.backward(alone.forward(x[-1:].copy()), np.ones((1, 2)))
    np.testing.assert_allclose(whole[-1:], last, rtol=1e-12)


def test_non_contiguous_arrays_are_rejected() -> None:
    with pytest.raises(ValueError, match="copy"):
        build_activation("elu", FLOAT64).forward(draw(4, 6)[:, :3])
