import math

import numpy as np
import pytest

from engine.arrays import Targets
from engine.metrics import ClassTally, NumberTally, build_tally
from engine.preprocessing import ClassTarget, NumericTarget
from tests.engine.examples import FLOAT64, draw


def test_loss_is_the_row_weighted_mean() -> None:
    tally = ClassTally()
    tally.add(1.0, np.zeros((3, 2)), np.zeros(3, np.intp))
    tally.add(5.0, np.zeros((1, 2)), np.zeros(1, np.intp))
    assert tally.loss == 2.0


@pytest.mark.parametrize(
    "targets", [np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])]
)
def test_accuracy_counts_the_largest_output(targets: Targets) -> None:
    tally = ClassTally()
    tally.add(0.0, np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0]]), targets)
    assert tally.metrics("validation_") == {"validation_accuracy": pytest.approx(2 / 3)}


def test_accuracy_of_a_single_output_cuts_at_one_half() -> None:
    tally = ClassTally()
    tally.add(0.0, np.array([[0.4], [0.6], [0.9]]), np.array([[0.0], [0.0], [1.0]]))
    assert tally.metrics() == {"accuracy": pytest.approx(2 / 3)}


def test_regression_metrics_are_in_the_targets_unit() -> None:
    y, outputs, scale = draw(7, 1), draw(7, 1, seed=1), 10.0
    tally = build_tally(NumericTarget("y", center=3.0, scale=scale), y)
    tally.add(0.0, outputs[:4], y[:4])
    tally.add(0.0, outputs[4:], y[4:])
    own, predicted = y * scale + 3, outputs * scale + 3
    metrics = tally.metrics()
    assert metrics["rmse"] == pytest.approx(math.sqrt(np.mean((predicted - own) ** 2)))
    assert metrics["mae"] == pytest.approx(np.mean(np.abs(predicted - own)))
    assert metrics["r2"] == pytest.approx(1 - np.sum((predicted - own) ** 2) / (7 * np.var(own)))


def test_r2_of_a_constant_is_left_out() -> None:
    tally = build_tally(NumericTarget("y", 0.0, 1.0), np.ones((3, 1)))
    tally.add(0.0, np.zeros((3, 1)), np.ones((3, 1)))
    assert tally.metrics() == {"rmse": 1.0, "mae": 1.0}


def test_a_metric_that_overflows_is_left_out() -> None:
    tally = NumberTally(scale=1e308, variation=1.0, dtype=FLOAT64)
    tally.add(0.0, np.full((2, 1), 100.0), np.zeros((2, 1)))
    assert set(tally.metrics()) == {"r2"}


def test_sums_carry_over_to_another_tally() -> None:
    one, other = ClassTally(), build_tally(ClassTarget("y", (0, 1)), np.zeros(2, np.intp))
    one.add(1.0, np.array([[1.0, 0.0]]), np.array([0]))
    other.sums = dict(one.sums)
    other.add(2.0, np.array([[1.0, 0.0]]), np.array([1]))
    assert other.loss == 1.5
    assert other.metrics() == {"accuracy": 0.5}
