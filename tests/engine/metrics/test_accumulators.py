import json
import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Floats, Targets
from engine.data.split_arrays import SplitArrays
from engine.metrics import MetricAccumulator, build_accumulator, scalar_names
from engine.metrics.streaming import STREAMING_METRICS
from engine.preprocessing.fitted import ClassTarget, FittedTarget, NumericTarget
from engine.specs import (
    ClassMetric,
    MetricName,
    NumberMetric,
    OutputActivation,
    ResolvedOutput,
)
from tests.engine.examples import draw

CLASSES = ClassTarget("y", (0, 1, 2))
NUMBER = NumericTarget("y", center=3.0, scale=10.0)
NAMES: dict[FittedTarget, tuple[MetricName, ...]] = {
    CLASSES: get_args(ClassMetric),
    NUMBER: get_args(NumberMetric),
}
EVERY_TARGET = pytest.mark.parametrize("target", [CLASSES, NUMBER], ids=["classes", "number"])


def make_split(y: Targets, target: FittedTarget, weights: Floats | None = None) -> SplitArrays:
    values = None
    if isinstance(target, NumericTarget):
        values = target.to_own_unit(y.astype(np.float64))
    return SplitArrays(np.empty((len(y), 0)), y, sample_weights=weights, values=values)


def make_accumulator(
    names: tuple[MetricName, ...],
    target: FittedTarget,
    split: SplitArrays,
    outputs: int,
    activation: OutputActivation = "softmax",
) -> MetricAccumulator:
    return build_accumulator(
        names, target, split, ResolvedOutput(units=outputs, activation=activation)
    )


def update_all(
    accumulator: MetricAccumulator,
    outputs: Floats,
    split: SplitArrays,
    batch: int,
    rows: range | None = None,
) -> None:
    """Add these rows, default all, batch by batch, with loss 1."""
    rows = range(len(split)) if rows is None else rows
    for start in range(rows.start, rows.stop, batch):
        chunk = slice(start, min(start + batch, rows.stop))
        accumulator.update(1.0, outputs[chunk], split.read(chunk))


def compute(
    names: tuple[MetricName, ...],
    target: FittedTarget,
    outputs: Floats,
    split: SplitArrays,
    activation: OutputActivation = "softmax",
) -> dict[str, Any]:
    accumulator = make_accumulator(names, target, split, outputs.shape[1], activation)
    update_all(accumulator, outputs, split, batch=len(split))
    return accumulator.result()


def rows_of(
    target: FittedTarget, rows: int, seed: int = 0, *, is_weighted: bool = False
) -> tuple[Floats, SplitArrays]:
    """Return outputs and rows: probabilities of three classes, or numbers; a third weighs 0."""
    random = np.random.default_rng(seed)
    weights = np.maximum(random.random(rows) - 1 / 3, 0) if is_weighted else None
    if target is NUMBER:
        return draw(rows, 1, seed=seed), make_split(draw(rows, 1, seed=seed + 1), target, weights)
    scores = np.exp(draw(rows, 3, seed=seed))
    split = make_split(random.integers(0, 3, rows), target, weights)
    return scores / scores.sum(axis=1, keepdims=True), split


def test_loss_is_the_mean_over_rows() -> None:
    split = make_split(np.zeros(4, np.intp), CLASSES)
    accumulator = make_accumulator(("accuracy",), CLASSES, split, 2)
    accumulator.update(1.0, np.zeros((3, 2)), split.read(slice(0, 3)))
    accumulator.update(5.0, np.zeros((1, 2)), split.read(slice(3, 4)))
    assert accumulator.loss == 2.0


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "f1")])
@pytest.mark.parametrize(
    "targets", [np.array([0, 1, 1]), np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])]
)
def test_accuracy_counts_the_largest_output(
    targets: Targets, names: tuple[MetricName, ...]
) -> None:
    outputs = np.array([[2.0, 1.0], [2.0, 1.0], [1.0, 2.0]])
    found = compute(names, CLASSES, outputs, make_split(targets, CLASSES))
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_names_can_have_a_prefix() -> None:
    outputs, split = rows_of(CLASSES, 4)
    accumulator = make_accumulator(("accuracy",), CLASSES, split, 3)
    update_all(accumulator, outputs, split, batch=4)
    assert accumulator.result("validation_").keys() == {"validation_accuracy"}


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "log_loss")])
def test_accuracy_of_a_single_output_has_a_threshold_of_one_half(
    names: tuple[MetricName, ...],
) -> None:
    target = ClassTarget("y", (0, 1))
    split = make_split(np.array([[0.0], [0.0], [1.0], [1.0]]), target)
    outputs = np.array([[0.4], [0.6], [0.9], [0.5]])
    assert compute(names, target, outputs, split, "sigmoid")["accuracy"] == 0.5


def test_a_single_output_is_the_second_class_probability() -> None:
    target = ClassTarget("y", (0, 1))
    split = make_split(np.array([[0.0], [1.0]]), target)
    outputs = np.array([[0.2], [0.6]])
    expected = -(math.log(0.8) + math.log(0.6)) / 2
    found = compute(("log_loss", "roc_auc"), target, outputs, split, "sigmoid")
    assert found == {"log_loss": pytest.approx(expected), "roc_auc": 1.0}


def test_metrics_of_numbers_are_in_the_targets_unit() -> None:
    outputs, split = rows_of(NUMBER, 7)
    accumulator = make_accumulator(NAMES[NUMBER], NUMBER, split, 1)
    update_all(accumulator, outputs, split, batch=4)
    own, predicted = split.read_all().y * 10 + 3, outputs * 10 + 3  # type: ignore[operator] # an array
    metrics = accumulator.result()
    assert metrics["rmse"] == pytest.approx(math.sqrt(np.mean((predicted - own) ** 2)))
    assert metrics["mae"] == pytest.approx(np.mean(np.abs(predicted - own)))
    assert metrics["mape"] == pytest.approx(np.mean(np.abs((predicted - own) / own)))
    assert metrics["r2"] == pytest.approx(1 - np.sum((predicted - own) ** 2) / (7 * np.var(own)))


@settings(max_examples=50, deadline=None)
@given(
    target=st.sampled_from([CLASSES, NUMBER]),
    rows=st.integers(10, 40),
    batch=st.integers(1, 40),
    seed=st.integers(0, 1000),
    is_weighted=st.booleans(),
)
def test_streaming_and_buffered_metrics_are_equal(
    target: FittedTarget, rows: int, batch: int, seed: int, is_weighted: bool
) -> None:
    outputs, split = rows_of(target, rows, seed, is_weighted=is_weighted)
    cheap = tuple(name for name in NAMES[target] if name in STREAMING_METRICS)
    streaming, buffered = (
        make_accumulator(cheap, target, split, 3),
        make_accumulator(NAMES[target], target, split, 3),
    )
    assert not streaming.arrays
    assert buffered.arrays
    update_all(streaming, outputs, split, batch)
    update_all(buffered, outputs, split, rows)
    expected = streaming.result()
    assert expected == pytest.approx({name: buffered.result()[name] for name in expected})
    assert set(expected) == set(cheap)


@EVERY_TARGET
def test_rows_of_weight_0_have_no_effect(target: FittedTarget) -> None:
    outputs, split = rows_of(target, 40, is_weighted=True)
    rows = split.read(slice(0, 40))
    assert rows.sample_weights is not None
    counted = rows.sample_weights > 0
    values = None if rows.values is None else rows.values[counted]
    weights = rows.sample_weights[counted]
    kept = SplitArrays(rows.x[counted], rows.y[counted], None, weights, values)
    for names in (NAMES[target], tuple(n for n in NAMES[target] if n in STREAMING_METRICS)):
        without = compute(names, target, outputs[counted], kept)
        found = compute(names, target, outputs, split)
        for name in names:
            np.testing.assert_allclose(found[name], without[name], rtol=1e-12, err_msg=name)


@EVERY_TARGET
@pytest.mark.parametrize("is_cheap", [True, False])
def test_a_weight_counts_as_copies_of_the_row(target: FittedTarget, is_cheap: bool) -> None:
    outputs, split = rows_of(target, 30)
    times = np.random.default_rng(3).integers(0, 4, 30)
    names = tuple(n for n in NAMES[target] if n in STREAMING_METRICS or not is_cheap)
    y = np.asarray(split.y)
    copies = make_split(np.repeat(y, times, axis=0), target)
    expected = compute(names, target, np.repeat(outputs, times, axis=0), copies)
    found = compute(names, target, outputs, make_split(y, target, times.astype(float)))
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)


@EVERY_TARGET
@pytest.mark.parametrize("is_cheap", [True, False])
def test_metrics_take_no_weights_of_the_loss(target: FittedTarget, is_cheap: bool) -> None:
    outputs, split = rows_of(target, 30)
    names = tuple(n for n in NAMES[target] if n in STREAMING_METRICS or not is_cheap)
    weighted = SplitArrays(split.x, split.y, np.arange(30.0), values=split.values)
    assert compute(names, target, outputs, weighted) == compute(names, target, outputs, split)


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "top_2_accuracy")])
@pytest.mark.parametrize("batch", [1, 7, 40])
def test_accuracy_is_exactly_1_if_all_weighted_rows_are_correct(
    names: tuple[MetricName, ...], batch: int
) -> None:
    classes = np.random.default_rng(0).integers(0, 3, 40)
    split = make_split(classes, CLASSES, np.random.default_rng(1).random(40))
    accumulator = make_accumulator(names, CLASSES, split, 3)
    update_all(accumulator, np.eye(3)[classes], split, batch)
    assert set(accumulator.result().values()) == {1.0}


@EVERY_TARGET
@pytest.mark.parametrize("is_weighted", [True, False])
def test_metrics_survive_json(target: FittedTarget, is_weighted: bool) -> None:
    outputs, split = rows_of(target, 30, is_weighted=is_weighted)
    metrics = compute(NAMES[target], target, outputs, split)
    assert set(metrics) == set(NAMES[target])
    assert json.loads(json.dumps(metrics, allow_nan=False)) == metrics
    for name in NAMES[target]:
        assert isinstance(metrics[name], float) == (name in scalar_names([name]))


def test_a_class_without_rows_is_none_in_lists_only() -> None:
    split = make_split(np.array([0, 1, 1]), CLASSES)
    found = compute(NAMES[CLASSES], CLASSES, np.eye(3)[[0, 1, 2]], split)
    assert found["recall_per_class"] == [1.0, 0.5, None]
    assert found["recall"] == 0.75
    assert found["confusion_matrix"] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


@EVERY_TARGET
@pytest.mark.parametrize("is_cheap", [True, False])
@pytest.mark.parametrize("is_weighted", [True, False])
def test_pass_resumes_from_its_sums_and_arrays(
    target: FittedTarget, is_cheap: bool, is_weighted: bool
) -> None:
    outputs, split = rows_of(target, 30, is_weighted=is_weighted)
    names = tuple(n for n in NAMES[target] if n in STREAMING_METRICS or not is_cheap)
    whole, first, second = (make_accumulator(names, target, split, 3) for _ in range(3))
    update_all(whole, outputs, split, batch=10)
    update_all(first, outputs, split, batch=10, rows=range(10))
    second.sums = dict(first.sums)
    for name, array in first.arrays.items():
        np.copyto(second.arrays[name], array)
    update_all(second, outputs, split, batch=10, rows=range(10, 30))
    assert second.result() == whole.result()
    assert second.loss == whole.loss
    assert second.sums["rows"] == 30


@EVERY_TARGET
def test_reset_discards_the_previous_pass(target: FittedTarget) -> None:
    outputs, split = rows_of(target, 20, is_weighted=True)
    used, new = (make_accumulator(NAMES[target], target, split, 3) for _ in range(2))
    update_all(used, *rows_of(target, 20, seed=5, is_weighted=True), batch=20)
    used.reset()
    for accumulator in (used, new):
        update_all(accumulator, outputs, split, batch=7)
    assert used.result() == new.result()


@pytest.mark.parametrize("names", [("rmse", "r2"), ("rmse", "r2", "explained_variance")])
@pytest.mark.parametrize("y", [0.5, 1.1, -0.7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("is_weighted", [True, False])
def test_r2_of_a_constant_target_is_omitted(
    names: tuple[MetricName, ...], y: float, dtype: type[np.floating], is_weighted: bool
) -> None:
    # The first row is another number, but of weight 0 if there are weights.
    targets = np.array([[y + is_weighted], *[[y]] * 20], dtype)
    weights = np.array([0.0, *np.linspace(0.1, 1.9, 20)], dtype) if is_weighted else None
    split = make_split(targets, NUMBER, weights)
    assert compute(names, NUMBER, np.zeros((21, 1), dtype), split).keys() == {"rmse"}


@pytest.mark.parametrize("names", [("rmse", "r2"), ("rmse", "r2", "explained_variance")])
def test_targets_that_differ_only_in_float64_are_constant_in_float32(
    names: tuple[MetricName, ...],
) -> None:
    y = np.array([[1.1], [np.nextafter(1.1, 2)]])
    outputs = np.array([[1.0], [2.0]])
    assert "r2" in compute(names, NumericTarget("y", 0.0, 1.0), outputs, make_split(y, NUMBER))
    rounded = make_split(y.astype(np.float32), NUMBER)
    assert compute(names, NUMBER, outputs, rounded).keys() == {"rmse"}


def test_mape_is_of_the_tables_values() -> None:
    # In float32 with this scale, the second target is 0.
    values = np.array([[1e10], [1.0]])
    target = NumericTarget("y", center=1e10, scale=1e10)
    y = ((values - target.center) / target.scale).astype(np.float32)
    split = SplitArrays(np.empty((2, 0), np.float32), y, values=values)
    found = compute(("mape",), target, np.array([[0.0], [-1.0]], np.float32), split)
    assert found["mape"] == pytest.approx(0.5)


def test_mape_is_omitted_if_all_targets_are_zero() -> None:
    split = make_split(np.zeros((3, 1)), NumericTarget("y", 0.0, 1.0))
    found = compute(("mae", "mape"), NumericTarget("y", 0.0, 1.0), np.ones((3, 1)), split)
    assert found == {"mae": 1.0}


@pytest.mark.parametrize("names", [("mae", "r2"), ("mae", "r2", "mape")])
def test_overflowing_metric_is_omitted(names: tuple[MetricName, ...]) -> None:
    target = NumericTarget("y", 0.0, 1e308)
    split = make_split(np.array([[0.0], [1.0]]), target)
    assert "mae" not in compute(names, target, np.full((2, 1), 100.0), split)


@pytest.mark.parametrize("shift", [0.0, 10.0])
def test_linear_scores_have_no_log_loss_and_an_area_by_their_difference(shift: float) -> None:
    outputs = np.array([[0.9, 0.2], [0.1, 0.15], [0.8, 0.7]]) + shift
    names: tuple[MetricName, ...] = ("accuracy", "log_loss", "roc_auc")
    split = make_split(np.array([0, 1, 0]), CLASSES)
    found = compute(names, ClassTarget("y", (0, 1)), outputs, split, "linear")
    assert found == {"accuracy": 1.0, "roc_auc": 1.0}


@pytest.mark.parametrize("names", [("rmse",), ("rmse", "mape")])
def test_the_first_of_two_outputs_is_the_prediction(names: tuple[MetricName, ...]) -> None:
    split = make_split(np.array([[1.0], [2.0]]), NumericTarget("y", 0.0, 1.0))
    outputs = np.array([[2.0, 70.0], [1.0, -70.0]])
    assert compute(names, NumericTarget("y", 0.0, 1.0), outputs, split)["rmse"] == 1.0


def test_batches_are_buffered_in_place() -> None:
    outputs, split = rows_of(CLASSES, 20)
    accumulator = make_accumulator(("f1",), CLASSES, split, 3)
    before = dict(accumulator.arrays)
    update_all(accumulator, outputs, split, batch=5)
    assert all(accumulator.arrays[name] is array for name, array in before.items())
    assert before["outputs"].shape == (20, 3)
    assert before["targets"].shape == (20,)
