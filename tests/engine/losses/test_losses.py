import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.arrays import Targets
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    HalfSquaredError,
    Hinge,
    Huber,
    LogCosh,
    LossSpec,
    MeanAbsoluteError,
    MeanSquaredError,
    OutputActivation,
    Poisson,
    Quantile,
)
from tests.engine.examples import Matrix, draw
from tests.engine.loss_examples import (
    PAIR_NAMES,
    PAIRS,
    make_loss,
    suitable_targets,
    units_for,
)

EVERY_PAIR = pytest.mark.parametrize(("spec", "output"), PAIRS, ids=PAIR_NAMES)
BOTH_TYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def loss_of(spec: LossSpec, output: OutputActivation, z: Matrix, y: object) -> float:
    return make_loss(spec, output, z.shape[1]).forward(z, np.asarray(y))


def test_cross_entropy_is_the_mean_negative_log_probability() -> None:
    z = np.log([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]]) + 7
    expected = -(math.log(0.5) + math.log(0.6)) / 2
    assert loss_of(CrossEntropy(), "softmax", z, [2, 0]) == pytest.approx(expected)


def test_label_smoothing_weights_every_class() -> None:
    z = np.log([[0.2, 0.3, 0.5]]) + 7
    expected = -(0.1 * math.log(0.2) + 0.1 * math.log(0.3) + 0.8 * math.log(0.5))
    smoothed = CrossEntropy(label_smoothing=0.3)
    assert loss_of(smoothed, "softmax", z, [2]) == pytest.approx(expected)


def test_cross_entropy_on_sigmoids_uses_only_the_true_class() -> None:
    z = np.log([[3.0, 1.0], [1.0, 4.0]])  # p = 3/4, 1/2 and 1/2, 4/5
    expected = -(math.log(3 / 4) + math.log(4 / 5)) / 2
    assert loss_of(CrossEntropy(), "sigmoid", z, [0, 1]) == pytest.approx(expected)


def test_binary_cross_entropy_is_the_mean_over_rows_and_outputs() -> None:
    z = np.log([[3.0, 1.0], [1.0, 4.0]])
    expected = -(math.log(3 / 4) + math.log(1 / 2) + math.log(1 / 2) + math.log(1 / 5)) / 4
    y = [[1.0, 0.0], [1.0, 0.0]]
    assert loss_of(BinaryCrossEntropy(), "sigmoid", z, y) == pytest.approx(expected)


def test_binary_cross_entropy_treats_softmax_outputs_independently() -> None:
    z = np.log([[0.2, 0.3, 0.5]]) + 7
    expected = -(math.log(0.2) + math.log(0.7) + math.log(0.5)) / 3
    assert loss_of(BinaryCrossEntropy(), "softmax", z, [[1.0, 0, 0]]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (MeanSquaredError(), (0.25 + 9) / 2),
        (HalfSquaredError(), (0.25 + 9) / 2),
        (MeanAbsoluteError(), (0.5 + 3) / 2),
        (Huber(delta=1), (0.125 + 2.5) / 2),
        (Huber(delta=4), (0.125 + 4.5) / 2),
        (LogCosh(), (math.log(math.cosh(0.5)) + math.log(math.cosh(3))) / 2),
        (Quantile(quantile=0.9), (0.1 * 0.5 + 0.9 * 3) / 2),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else "",
)
def test_error_losses_of_known_errors(spec: LossSpec, expected: float) -> None:
    z, y = np.array([[1.5, -1.0]]), [[1.0, 2.0]]
    assert loss_of(spec, "linear", z, y) == pytest.approx(expected)


def test_half_squared_error_sums_outputs_and_averages_rows() -> None:
    z, y = np.ones((4, 3)), np.zeros((4, 3))
    assert loss_of(HalfSquaredError(), "linear", z, y) == 1.5
    assert loss_of(MeanSquaredError(), "linear", z, y) == 1


def test_error_is_computed_after_the_output_activation() -> None:
    z, y = np.log([[3.0, 1.0]]), [[1.0, 0.0]]
    assert loss_of(MeanAbsoluteError(), "sigmoid", z, y) == pytest.approx((1 / 4 + 1 / 2) / 2)
    assert loss_of(MeanAbsoluteError(), "exponential", z, y) == pytest.approx((2 + 1) / 2)
    assert loss_of(MeanAbsoluteError(), "softplus", z, y) == pytest.approx(
        (math.log(4) - 1 + math.log(2)) / 2
    )


def test_hinge_requires_a_margin_over_the_other_classes() -> None:
    z = np.array([[2.0, 1.5, -1.0], [0.0, 3.0, 0.0]])
    assert loss_of(Hinge(), "linear", z, [0, 1]) == pytest.approx(0.5 / 3 / 2)
    assert loss_of(Hinge(margin=4), "linear", z, [0, 1]) == pytest.approx((4.5 / 3 + 2 / 3) / 2)


def test_poisson_is_minimal_where_the_output_equals_the_count() -> None:
    z = np.log([[2.0], [3.0], [5.0]])
    expected = [2 - 3 * math.log(2), 3 - 3 * math.log(3), 5 - 3 * math.log(5)]
    losses = [loss_of(Poisson(), "exponential", row[np.newaxis], [[3.0]]) for row in z]
    assert losses == pytest.approx(expected)
    assert min(losses) == losses[1]


def test_poisson_on_softplus() -> None:
    z = np.log(np.expm1([[2.0]]))  # softplus(z) = 2
    expected = 2 - 3 * math.log(2)
    assert loss_of(Poisson(), "softplus", z, [[3.0]]) == pytest.approx(expected)


def test_gaussian_scales_the_error_by_the_variance() -> None:
    z = np.array([[1.0, math.log(4.0)]])
    expected = (math.log(4) + 9 / 4) / 2
    assert loss_of(Gaussian(), "linear", z, [[4.0]]) == pytest.approx(expected)


@EVERY_PAIR
def test_weight_of_a_row_equals_repeating_it(spec: LossSpec, output: OutputActivation) -> None:
    units = units_for(spec, 3)
    z, y, twice = draw(3, units), suitable_targets(spec, 3, units), [0, 0, 2, 2, 2]
    loss = make_loss(spec, output, units)
    weighted = loss.forward(z, y, np.array([2.0, 0.0, 3.0])) * 3
    gradient = loss.backward().copy() * 3
    repeated = loss.forward(z[twice], y[twice]) * 5
    assert weighted == pytest.approx(repeated)
    by_row = loss.backward() * 5
    np.testing.assert_allclose(gradient[0], by_row[:2].sum(axis=0), atol=1e-15)
    np.testing.assert_array_equal(gradient[1], 0)
    np.testing.assert_allclose(gradient[2], by_row[2:].sum(axis=0), atol=1e-15)


@EVERY_PAIR
def test_weights_of_one_change_nothing(spec: LossSpec, output: OutputActivation) -> None:
    units = units_for(spec, 3)
    z, y, loss = draw(4, units), suitable_targets(spec, 4, units), make_loss(spec, output, units)
    value, gradient = loss.forward(z, y), loss.backward().copy()
    assert loss.forward(z, y, np.ones(4)) == value
    np.testing.assert_array_equal(loss.backward(), gradient)


@BOTH_TYPES
@pytest.mark.parametrize(
    ("spec", "output", "y", "expected"),
    [
        (CrossEntropy(), "softmax", np.array([0]), 2e4),
        (CrossEntropy(label_smoothing=0.5), "softmax", np.array([0]), 1.5e4),
        (CrossEntropy(), "sigmoid", np.array([0]), 1e4),
        (BinaryCrossEntropy(), "sigmoid", np.array([[1.0, 0.0]]), 1e4),
        (BinaryCrossEntropy(), "softmax", np.array([[1.0, 0.0]]), 2e4),
        (Hinge(), "linear", np.array([0]), 1e4),
        (LogCosh(), "linear", np.array([[1e4, -1e4]]), 2e4),
    ],
)
def test_confident_wrong_prediction_has_a_finite_loss(
    spec: LossSpec, output: OutputActivation, y: Targets, expected: float, dtype: type[np.floating]
) -> None:
    targets = y if y.ndim == 1 else y.astype(dtype)
    loss = make_loss(spec, output, 2, dtype)
    assert loss.forward(np.array([[-1e4, 1e4]], dtype), targets) == pytest.approx(expected, 1e-3)
    assert 0.4 < np.abs(loss.backward()).max() <= 1


@BOTH_TYPES
@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_confident_correct_prediction_has_zero_loss(
    output: OutputActivation, dtype: type[np.floating]
) -> None:
    z = np.array([[1e4, -1e4]], dtype)
    assert make_loss(CrossEntropy(), output, 2, dtype).forward(z, np.array([0])) == 0
    loss = make_loss(BinaryCrossEntropy(), output, 2, dtype)
    assert loss.forward(z, np.array([[1, 0]], dtype)) == 0
    np.testing.assert_allclose(loss.backward(), 0, atol=1e-30)


@BOTH_TYPES
def test_softplus_poisson_of_an_unlikely_count_stays_finite(dtype: type[np.floating]) -> None:
    loss = make_loss(Poisson(), "softplus", 1, dtype)
    assert loss.forward(np.array([[-1e4]], dtype), np.array([[2]], dtype)) == pytest.approx(2e4)
    assert loss.backward() == pytest.approx(-2)


@BOTH_TYPES
@given(z=st.floats(-1e4, 1e4), y=st.floats(0, 1e30))
@example(z=-1e4, y=4.0)
@example(z=-86.0, y=30.0)
@example(z=-708.0, y=1e6)
def test_poisson_on_softplus_is_right_whatever_the_count(
    dtype: type[np.floating], z: float, y: float
) -> None:
    logits, targets = np.array([[z]], dtype), np.array([[y]], dtype)
    loss = make_loss(Poisson(), "softplus", 1, dtype)
    value, gradient = loss.forward(logits, targets), float(loss.backward()[0, 0])
    z, y = float(logits[0, 0]), float(targets[0, 0])
    slope, output, log, ratio = exact_softplus(z)
    size = output + y * abs(log)
    assert value == pytest.approx(output - y * log, rel=0, abs=max(1e-5 * size, 1e-30))
    expected = slope - y * ratio
    assert gradient == pytest.approx(expected, rel=0, abs=max(1e-5 * (slope + y * ratio), 1e-30))


def exact_softplus(z: float) -> tuple[float, float, float, float]:
    """s = σ(z), ŷ = log(1 + exp(z)), log ŷ and s / ŷ, by series where numbers are too small."""
    if z < -30:
        small = math.exp(z)
        return small, small, z - small / 2, 1 - small / 2
    output = max(z, 0) + math.log1p(math.exp(-abs(z)))
    slope = -math.expm1(-output)
    return slope, output, math.log(output), slope / output


@BOTH_TYPES
@given(z=st.floats(-1e4, 80), y=st.floats(0, 1e30))
def test_poisson_on_exponential_is_right_whatever_the_count(
    dtype: type[np.floating], z: float, y: float
) -> None:
    logits, targets = np.array([[z]], dtype), np.array([[y]], dtype)
    loss = make_loss(Poisson(), "exponential", 1, dtype)
    value, gradient = loss.forward(logits, targets), float(loss.backward()[0, 0])
    z, y = float(logits[0, 0]), float(targets[0, 0])
    output = math.exp(z)
    size = output + y * abs(z)
    assert value == pytest.approx(output - y * z, rel=0, abs=max(1e-5 * size, 1e-30))
    assert gradient == pytest.approx(output - y, rel=0, abs=max(1e-5 * (output + y), 1e-30))


def test_log_cosh_of_a_small_error_keeps_its_digits() -> None:
    error = np.array([[1e-3]], np.float32)
    loss = make_loss(LogCosh(), "linear", 1, np.float32)
    assert loss.forward(error, np.zeros((1, 1), np.float32)) == pytest.approx(5e-7, rel=1e-3)


@EVERY_PAIR
def test_outputs_hold_the_activations_after_forward(
    spec: LossSpec, output: OutputActivation
) -> None:
    units = units_for(spec, 3)
    z, loss = draw(4, units), make_loss(spec, output, units)
    loss.forward(z, suitable_targets(spec, 4, units))
    activations = {
        "softmax": np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "sigmoid": 1 / (1 + np.exp(-z)),
        "linear": z,
        "softplus": np.log1p(np.exp(z)),
        "exponential": np.exp(z),
    }
    np.testing.assert_allclose(loss.outputs, activations[output], rtol=1e-12)


@EVERY_PAIR
def test_shorter_batches_work_and_logits_are_not_modified(
    spec: LossSpec, output: OutputActivation
) -> None:
    units = units_for(spec, 3)
    loss, z = make_loss(spec, output, units), draw(6, units)
    targets = suitable_targets(spec, 6, units)
    loss.forward(z, targets)
    loss.backward()
    short = loss.forward(z[:2], targets[:2])
    assert short == make_loss(spec, output, units).forward(z[:2], targets[:2])
    np.testing.assert_array_equal(z, draw(6, units))


@EVERY_PAIR
def test_float32_stays_float32(spec: LossSpec, output: OutputActivation) -> None:
    units = units_for(spec, 3)
    loss, z = make_loss(spec, output, units, np.float32), draw(4, units).astype(np.float32)
    targets = suitable_targets(spec, 4, units)
    if targets.dtype == np.float64:
        targets = targets.astype(np.float32)
    value = make_loss(spec, output, units).forward(draw(4, units), targets)
    assert loss.forward(z, targets, np.ones(4, np.float32)) == pytest.approx(value, rel=1e-5)
    assert loss.backward().dtype == loss.outputs.dtype == np.float32


@EVERY_PAIR
def test_step_allocates_almost_nothing(spec: LossSpec, output: OutputActivation) -> None:
    rows, units = 256, units_for(spec, 1024)
    loss, z = make_loss(spec, output, units), draw(rows, units)
    targets, weights = suitable_targets(spec, rows, units), np.ones(rows)
    loss.forward(z, targets, weights)
    loss.backward()
    tracemalloc.start()
    loss.forward(z, targets, weights)
    loss.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # NumPy allocates internal buffers of constant size for operands of different shapes.
    assert peak < max(z.nbytes / 4, 16_384)


@pytest.mark.parametrize(
    ("spec", "output", "units"),
    [
        *((CrossEntropy(), output, 3) for output in ("linear", "softplus", "exponential")),
        *((BinaryCrossEntropy(), output, 3) for output in ("linear", "softplus", "exponential")),
        *((Hinge(), output, 3) for output in ("softmax", "sigmoid", "softplus", "exponential")),
        *((Poisson(), output, 1) for output in ("linear", "softmax", "sigmoid")),
        *((Gaussian(), output, 2) for output in ("softmax", "sigmoid", "softplus", "exponential")),
        (Gaussian(), "linear", 1),
        (CrossEntropy(), "softmax", 1),
        (CrossEntropy(), "sigmoid", 1),
        (BinaryCrossEntropy(), "softmax", 1),
    ],
)
def test_incompatible_loss_and_output_are_rejected(
    spec: LossSpec, output: OutputActivation, units: int
) -> None:
    with pytest.raises(
        ValueError, match=r"incompatible with|one output per class|a mean and a log variance"
    ):
        make_loss(spec, output, units)
