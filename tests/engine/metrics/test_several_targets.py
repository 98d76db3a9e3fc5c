"""Metrics of several targets: means and lists, and their agreement with those of single targets."""

from typing import Any, get_args

import numpy as np
import pytest

from engine.arrays import Floats
from engine.data.split_arrays import SplitArrays
from engine.metrics import MetricAccumulator, build_accumulator, scalar_names
from engine.metrics.labels import COUNT_METRICS, RANKING_METRICS
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
)
from engine.specs import MetricName, NumberMetric, ResolvedOutput
from tests.engine.examples import draw

ROWS = 40
NUMBERS = NumericTargets(
    tuple(NumericTarget(f"y{i}", center=3.0 * i, scale=10.0**i) for i in range(3))
)
LABELS = LabelTargets(tuple(ClassTarget(f"y{i}", (False, True)) for i in range(3)))
STREAMED: tuple[MetricName, ...] = ("rmse", "mae", "mse", "r2")
COUNTED: tuple[MetricName, ...] = (*COUNT_METRICS, "subset_accuracy")
EVERY_WEIGHT = pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])


def sample_weights(rows: int = ROWS) -> Floats:
    """Return weights of which a third is 0."""
    weights = np.maximum(np.random.default_rng(5).random(rows) - 1 / 3, 0)
    normalized: Floats = weights / weights.mean()
    return normalized


def split_of(y: Floats, values: Floats | None = None, *, weighted: bool = False) -> SplitArrays:
    weights = sample_weights(len(y)) if weighted else None
    return SplitArrays(np.empty((len(y), 0)), y, sample_weights=weights, values=values)


def mean(values: Any) -> float:
    """Return the mean of those that are not None."""
    return float(np.mean([value for value in values if value is not None]))


def accumulate(
    names: tuple[MetricName, ...],
    target: FittedTarget,
    outputs: Floats,
    split: SplitArrays,
    batch: int = 7,
) -> MetricAccumulator:
    output = ResolvedOutput(units=outputs.shape[1], activation="sigmoid")
    found = build_accumulator(names, target, split, output)
    for start in range(0, len(split), batch):
        rows = slice(start, start + batch)
        found.update(1.0, outputs[rows], split.read(rows))
    return found


def own_units(y: Floats, targets: tuple[NumericTarget, ...]) -> Floats:
    return np.stack([one.to_own_unit(y[:, i]) for i, one in enumerate(targets)], axis=1)


@EVERY_WEIGHT
@pytest.mark.parametrize("names", [STREAMED, get_args(NumberMetric)], ids=["streamed", "all"])
def test_a_metric_is_the_mean_of_those_of_the_targets_alone(
    names: tuple[MetricName, ...], weighted: bool
) -> None:
    # Further outputs, such as log variances, do not count.
    outputs, y = draw(ROWS, 6), draw(ROWS, 3, seed=1)
    split = split_of(y, own_units(y, NUMBERS.targets), weighted=weighted)
    together = accumulate(names, NUMBERS, outputs, split).result()
    alone = [
        accumulate(
            names,
            target,
            outputs[:, [i]],
            split_of(y[:, [i]], own_units(y[:, [i]], (target,)), weighted=weighted),
        ).result()
        for i, target in enumerate(NUMBERS.targets)
    ]
    assert together.keys() == {*names, *(f"{name}_per_target" for name in names)}
    for name in names:
        values = together[f"{name}_per_target"]
        assert values == [one[name] for one in alone]
        assert together[name] == pytest.approx(mean(values))


@pytest.mark.parametrize("names", [("r2",), ("r2", "explained_variance")])
def test_a_constant_target_is_null_in_the_list_and_left_out_of_the_mean(
    names: tuple[MetricName, ...],
) -> None:
    outputs, y = draw(ROWS, 3), draw(ROWS, 3, seed=1)
    y[:, 1] = 2.0
    found = accumulate(names, NUMBERS, outputs, split_of(y)).result()
    listed = found["r2_per_target"]
    assert isinstance(listed, list)
    assert listed[1] is None
    assert found["r2"] == pytest.approx(mean(listed))


def test_a_metric_without_any_defined_target_is_left_out() -> None:
    found = accumulate(("r2",), NUMBERS, draw(ROWS, 3), split_of(np.ones((ROWS, 3)))).result()
    assert found == {"r2_per_target": [None, None, None]}


def labels_of(seed: int) -> tuple[Floats, Floats]:
    """Return probabilities and labels."""
    random = np.random.default_rng(seed)
    return random.random((ROWS, 3)), random.integers(0, 2, (ROWS, 3)).astype(np.float64)


@EVERY_WEIGHT
def test_counted_labels_equal_buffered_ones(weighted: bool) -> None:
    probabilities, y = labels_of(0)
    split = split_of(y, weighted=weighted)
    counted = accumulate(COUNTED, LABELS, probabilities, split).result()
    buffered = accumulate((*COUNTED, "roc_auc"), LABELS, probabilities, split).result()
    assert {*buffered} - {*counted} == {"roc_auc", "roc_auc_per_label"}
    for name, value in counted.items():
        assert buffered[name] == pytest.approx(value)


@EVERY_WEIGHT
def test_a_label_has_the_metrics_of_two_classes(weighted: bool) -> None:
    names: tuple[MetricName, ...] = ("accuracy", *RANKING_METRICS)
    probabilities, y = labels_of(1)
    found = accumulate(names, LABELS, probabilities, split_of(y, weighted=weighted)).result()
    for index, label in enumerate(LABELS.labels):
        own = split_of(y[:, [index]], weighted=weighted)
        alone = accumulate(names, label, probabilities[:, [index]], own).result()
        for name in names:
            listed = found[f"{name}_per_label"]
            assert isinstance(listed, list)
            assert listed[index] == pytest.approx(alone[name])


def test_all_right_is_exactly_one_with_weights() -> None:
    _, y = labels_of(2)
    found = accumulate(COUNTED, LABELS, y, split_of(y, weighted=True), batch=ROWS).result()
    assert (found["accuracy"], found["subset_accuracy"], found["f1"]) == (1.0, 1.0, 1.0)


def test_labels_without_positive_rows_or_without_negative_ones() -> None:
    probabilities, y = labels_of(3)
    y[:, 0], y[:, 1] = 0, 1
    names: tuple[MetricName, ...] = (*COUNTED, *RANKING_METRICS)
    found = accumulate(names, LABELS, probabilities, split_of(y)).result()
    for name in ("precision", "recall", "f1"):
        listed = found[f"{name}_per_label"]
        assert isinstance(listed, list)
        assert [value is None for value in listed] == [True, False, False]
        assert found[name] == pytest.approx(mean(listed))
    for name in ("roc_auc", "pr_auc"):
        listed = found[f"{name}_per_label"]
        assert isinstance(listed, list)
        assert [value is None for value in listed] == [True, True, False]
        assert found[name] == listed[2]


@pytest.mark.parametrize("names", [COUNTED, (*COUNTED, "log_loss"), STREAMED])
def test_an_interrupted_pass_resumes_from_sums_and_arrays(names: tuple[MetricName, ...]) -> None:
    target: FittedTarget = NUMBERS if names == STREAMED else LABELS
    probabilities, y = labels_of(4)
    split = split_of(y)
    whole = accumulate(names, target, probabilities, split, batch=20)
    output = ResolvedOutput(units=3, activation="sigmoid")
    parts = [build_accumulator(names, target, split, output) for _ in range(2)]
    parts[0].update(1.0, probabilities[:20], split.read(slice(0, 20)))
    parts[1].sums = dict(parts[0].sums)
    for name, array in parts[1].arrays.items():
        np.copyto(array, parts[0].arrays[name])
    parts[1].update(1.0, probabilities[20:], split.read(slice(20, ROWS)))
    assert parts[1].result() == whole.result()
    whole.reset()
    whole.update(1.0, probabilities[:20], split.read(slice(0, 20)))
    parts[0].reset()
    parts[0].update(1.0, probabilities[:20], split.read(slice(0, 20)))
    assert whole.result() == parts[0].result()


def test_lists_are_not_scalar() -> None:
    names = ("rmse", "rmse_per_target", "f1_per_label", "validation_f1_per_label", "f1_per_class")
    assert scalar_names(names) == ("rmse",)
