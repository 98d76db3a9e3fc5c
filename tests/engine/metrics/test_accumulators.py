import json
import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Floats, Targets
from engine.metrics import MetricAccumulator, build_accumulator, scalar_names
from engine.metrics.streaming import STREAMING_METRICS
from engine.preprocessing.fitted import ClassTarget, FittedTarget, NumericTarget
from engine.specs import ClassMetric, MetricName, NumberMetric
from tests.engine.examples import FLOAT64, draw

CLASSES = ClassTarget("y", (0, 1, 2))
NUMBER = NumericTarget("y", center=3.0, scale=10.0)
NAMES: dict[FittedTarget, tuple[MetricName, ...]] = {
    CLASSES: get_args(ClassMetric),
    NUMBER: get_args(NumberMetric),
}


def make_accumulator(
    names: tuple[MetricName, ...], target: FittedTarget, y: Targets, outputs: int
) -> MetricAccumulator:
    return build_accumulator(names, target, y, outputs, FLOAT64)


def update_all(accumulator: MetricAccumulator, outputs: Floats, y: Targets, batch: int) -> None:
    for start in range(0, len(y), batch):
        accumulator.update(1.0, outputs[start : start + batch], y[start : start + batch])


def rows_of(target: FittedTarget, rows: int, seed: int = 0) -> tuple[Floats, Targets]:
    """Return outputs and targets: probabilities of three classes, or numbers."""
    if target is NUMBER:
        return draw(rows, 1, seed=seed), draw(rows, 1, seed=seed + 1)
    scores = np.exp(draw(rows, 3, seed=seed))
    classes = np.random.default_rng(seed).integers(0, 3, rows)
    return scores / scores.sum(axis=1, keepdims=True), classes


def test_loss_is_the_row_weighted_mean() -> None:
    accumulator = make_accumulator(("accuracy",), CLASSES, np.zeros(4, np.intp), 2)
    accumulator.update(1.0, np.zeros((3, 2)), np.zeros(3, np.intp))
    accumulator.update(5.0, np.zeros((1, 2)), np.zeros(1, np.intp))
    assert accumulator.loss == 2.0


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "f1")])
@pytest.mark.parametrize(
    "targets", [np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])]
)
def test_accuracy_counts_the_largest_output(
    targets: Targets, names: tuple[MetricName, ...]
) -> None:
    accumulator = make_accumulator(names, CLASSES, targets, 2)
    accumulator.update(0.0, np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0]]), targets)
    assert accumulator.result("validation_")["validation_accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "log_loss")])
def test_accuracy_of_a_single_output_has_a_threshold_of_one_half(
    names: tuple[MetricName, ...],
) -> None:
    y = np.array([[0.0], [0.0], [1.0], [1.0]])
    accumulator = make_accumulator(names, ClassTarget("y", (0, 1)), y, 1)
    accumulator.update(0.0, np.array([[0.4], [0.6], [0.9], [0.5]]), y)
    assert accumulator.result()["accuracy"] == 0.5


def test_a_single_output_is_the_second_class_probability() -> None:
    y = np.array([[0.0], [1.0]])
    accumulator = make_accumulator(("log_loss", "roc_auc"), ClassTarget("y", (0, 1)), y, 1)
    accumulator.update(0.0, np.array([[0.2], [0.6]]), y)
    expected = -(math.log(0.8) + math.log(0.6)) / 2
    assert accumulator.result() == {"log_loss": pytest.approx(expected), "roc_auc": 1.0}


def test_metrics_of_numbers_are_in_the_targets_unit() -> None:
    outputs, y = rows_of(NUMBER, 7)
    accumulator = make_accumulator(NAMES[NUMBER], NUMBER, y, 1)
    update_all(accumulator, outputs, y, batch=4)
    own, predicted = y * 10 + 3, outputs * 10 + 3
    metrics = accumulator.result()
    assert metrics["rmse"] == pytest.approx(math.sqrt(np.mean((predicted - own) ** 2)))
    assert metrics["mae"] == pytest.approx(np.mean(np.abs(predicted - own)))
    assert metrics["mape"] == pytest.approx(np.mean(np.abs((predicted - own) / own)))
    assert metrics["r2"] == pytest.approx(1 - np.sum((predicted - own) ** 2) / (7 * np.var(own)))


@settings(max_examples=50, deadline=None)
@given(
    target=st.sampled_from([CLASSES, NUMBER]),
    rows=st.integers(2, 40),
    batch=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_streaming_and_buffered_metrics_are_equal(
    target: FittedTarget, rows: int, batch: int, seed: int
) -> None:
    outputs, y = rows_of(target, rows, seed)
    cheap = tuple(name for name in NAMES[target] if name in STREAMING_METRICS)
    streaming, buffered = (
        make_accumulator(cheap, target, y, 3),
        make_accumulator(NAMES[target], target, y, 3),
    )
    assert not streaming.arrays
    assert buffered.arrays
    update_all(streaming, outputs, y, batch)
    update_all(buffered, outputs, y, rows)
    expected = streaming.result()
    assert expected == pytest.approx({name: buffered.result()[name] for name in expected})
    assert set(expected) == set(cheap)


@pytest.mark.parametrize("target", [CLASSES, NUMBER], ids=["classes", "number"])
def test_metrics_survive_json(target: FittedTarget) -> None:
    outputs, y = rows_of(target, 30)
    accumulator = make_accumulator(NAMES[target], target, y, 3)
    update_all(accumulator, outputs, y, batch=8)
    metrics = accumulator.result()
    assert set(metrics) == set(NAMES[target])
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    for name in NAMES[target]:
        assert isinstance(metrics[name], float) == (name in scalar_names([name]))


@pytest.mark.parametrize("target", [CLASSES, NUMBER], ids=["classes", "number"])
@pytest.mark.parametrize("is_cheap", [True, False])
def test_pass_resumes_from_its_sums_and_arrays(target: FittedTarget, is_cheap: bool) -> None:
    outputs, y = rows_of(target, 30)
    names = tuple(n for n in NAMES[target] if n in STREAMING_METRICS or not is_cheap)
    whole, first, second = (make_accumulator(names, target, y, 3) for _ in range(3))
    update_all(whole, outputs, y, batch=10)
    update_all(first, outputs[:10], y[:10], batch=10)
    second.sums = dict(first.sums)
    for name, array in first.arrays.items():
        np.copyto(second.arrays[name], array)
    update_all(second, outputs[10:], y[10:], batch=10)
    assert second.result() == whole.result()
    assert second.loss == whole.loss
    assert second.sums["rows"] == 30


@pytest.mark.parametrize("target", [CLASSES, NUMBER], ids=["classes", "number"])
def test_reset_discards_the_previous_pass(target: FittedTarget) -> None:
    outputs, y = rows_of(target, 20)
    used, new = (
        make_accumulator(NAMES[target], target, y, 3),
        make_accumulator(NAMES[target], target, y, 3),
    )
    update_all(used, *rows_of(target, 20, seed=5), batch=20)
    used.reset()
    for accumulator in (used, new):
        update_all(accumulator, outputs, y, batch=7)
    assert used.result() == new.result()


@pytest.mark.parametrize("names", [("rmse", "r2"), ("rmse", "r2", "explained_variance")])
def test_r2_of_a_constant_target_is_omitted(names: tuple[MetricName, ...]) -> None:
    y = np.ones((3, 1))
    accumulator = make_accumulator(names, NumericTarget("y", 0.0, 1.0), y, 1)
    accumulator.update(0.0, np.zeros((3, 1)), y)
    assert accumulator.result() == {"rmse": 1.0}


@pytest.mark.parametrize("names", [("mae", "r2"), ("mae", "r2", "mape")])
def test_overflowing_metric_is_omitted(names: tuple[MetricName, ...]) -> None:
    y = np.array([[0.0], [1.0]])
    accumulator = make_accumulator(names, NumericTarget("y", 0.0, 1e308), y, 1)
    accumulator.update(0.0, np.full((2, 1), 100.0), y)
    assert "mae" not in accumulator.result()


def test_linear_scores_have_no_log_loss() -> None:
    y = np.array([0, 1])
    accumulator = make_accumulator(("accuracy", "log_loss", "roc_auc"), CLASSES, y, 2)
    accumulator.update(0.0, np.array([[3.0, -1.0], [-1.0, 2.0]]), y)
    assert accumulator.result() == {"accuracy": 1.0, "roc_auc": 1.0}


@pytest.mark.parametrize("names", [("rmse",), ("rmse", "mape")])
def test_the_first_of_two_outputs_is_the_prediction(names: tuple[MetricName, ...]) -> None:
    y = np.array([[1.0], [2.0]])
    accumulator = make_accumulator(names, NumericTarget("y", 0.0, 1.0), y, 2)
    accumulator.update(0.0, np.array([[2.0, 70.0], [1.0, -70.0]]), y)
    assert accumulator.result()["rmse"] == 1.0


def test_batches_are_buffered_in_place() -> None:
    outputs, y = rows_of(CLASSES, 20)
    accumulator = make_accumulator(("f1",), CLASSES, y, 3)
    before = dict(accumulator.arrays)
    update_all(accumulator, outputs, y, batch=5)
    assert all(accumulator.arrays[name] is array for name, array in before.items())
    assert before["outputs"].shape == (20, 3)
    assert before["targets"].shape == (20,)
