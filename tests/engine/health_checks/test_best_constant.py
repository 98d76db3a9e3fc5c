"""The lowest loss of a constant prediction, against its closed form."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.arrays import Targets
from engine.health_checks.best_constant import best_constant_loss, constant_loss
from engine.specs import LossField, OutputActivation, ResolvedOutput
from tests.engine.examples import Matrix

CLASSES = np.repeat([0, 1, 2], [5, 3, 2])
SHARES = np.array([0.5, 0.3, 0.2])
NUMBERS = np.random.default_rng(1).gamma(2.0, 1.5, (41, 1))
COUNTS = np.random.default_rng(2).poisson(3.0, (50, 1)).astype(np.float64)


def lowest(
    loss: Any, activation: OutputActivation, units: int, y: Targets, weights: Matrix | None = None
) -> float | None:
    spec = TypeAdapter(LossField).validate_python(loss)
    return best_constant_loss(spec, output(activation, units), y, weights)


def output(activation: OutputActivation, units: int) -> ResolvedOutput:
    return ResolvedOutput(activation=activation, units=units)


def entropy(shares: Matrix) -> float:
    return -float(np.sum(shares * np.log(shares)))


def test_cross_entropy_is_the_entropy_of_the_class_shares() -> None:
    assert lowest("cross_entropy", "softmax", 3, CLASSES) == pytest.approx(entropy(SHARES))
    smoothed = {"type": "cross_entropy", "label_smoothing": 0.1}
    found = lowest(smoothed, "softmax", 3, CLASSES)
    assert found == pytest.approx(entropy(0.9 * SHARES + 0.1 / 3))


def test_weights_change_the_shares() -> None:
    weights = np.repeat([0.5, 1.0, 2.25], [5, 3, 2])
    shares = np.array([2.5, 3.0, 4.5]) / 10
    found = lowest("cross_entropy", "softmax", 3, CLASSES, weights)
    assert found == pytest.approx(entropy(shares))


def test_binary_cross_entropy_is_the_mean_entropy_of_the_outputs() -> None:
    y = np.array([[1, 0], [0, 0], [0, 1], [0, 1]], np.float64)
    expected = (entropy(np.array([0.25, 0.75])) + entropy(np.array([0.5, 0.5]))) / 2
    assert lowest("binary_cross_entropy", "sigmoid", 2, y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mean_squared_error", NUMBERS.var()),
        ("half_squared_error", NUMBERS.var() / 2),
        ("gaussian", (np.log(NUMBERS.var()) + 1) / 2),
        ("mean_absolute_error", np.abs(NUMBERS - np.median(NUMBERS)).mean()),
    ],
)
def test_losses_of_numbers_have_their_closed_form(loss: str, expected: float) -> None:
    units = 2 if loss == "gaussian" else 1
    assert lowest(loss, "linear", units, NUMBERS) == pytest.approx(expected)


@pytest.mark.parametrize(
    "loss",
    [
        {"type": "huber", "delta": 0.7},
        "log_cosh",
        {"type": "quantile", "quantile": 0.3},
        {"type": "quantile", "quantile": 0.85},
    ],
)
def test_no_constant_is_better(loss: Any) -> None:
    spec = TypeAdapter(LossField).validate_python(loss)
    grid = np.linspace(NUMBERS.min(), NUMBERS.max(), 2001)
    on_grid = min(
        constant_loss(spec, output("linear", 1), np.array([value]), NUMBERS) for value in grid
    )
    found = lowest(loss, "linear", 1, NUMBERS)
    assert found is not None
    assert on_grid - 1e-4 < found <= on_grid + 1e-9


def test_a_weighted_median_has_half_of_the_weight_on_each_side() -> None:
    y, weights = np.array([[1.0], [2.0], [10.0]]), np.array([0.2, 0.3, 2.5])
    found = lowest("mean_absolute_error", "linear", 1, y, weights)
    assert found == pytest.approx((0.2 * 9 + 0.3 * 8) / 3)


def test_poisson_is_that_of_the_mean_count() -> None:
    mean = COUNTS.mean()
    found = lowest("poisson", "exponential", 1, COUNTS)
    assert found == pytest.approx(mean - mean * np.log(mean))


def test_hinge_of_two_classes_is_the_margin_times_the_rarer_share() -> None:
    y = np.repeat([0, 1], [7, 3])
    assert lowest({"type": "hinge", "margin": 2.0}, "linear", 2, y) == pytest.approx(0.6)


def test_cross_entropy_of_sigmoid_outputs_has_no_lowest_constant() -> None:
    assert lowest("cross_entropy", "sigmoid", 3, CLASSES) is None
