"""Every metric equals scikit-learn's, also with ties and with missing classes."""

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest

from engine.arrays import Floats, Indices
from engine.metrics import Metric, build_accumulator
from engine.preprocessing.fitted import ClassTarget, NumericTarget
from engine.specs import ClassMetric, NumberMetric
from tests.engine.examples import draw

sk = pytest.importorskip(
    "sklearn.metrics",
    reason="reference tests need scikit-learn: ./run test --all",
    exc_type=ImportError,
)

ROWS = 60
CLASS_METRICS: tuple[ClassMetric, ...] = get_args(ClassMetric)
NUMBER_METRICS: tuple[NumberMetric, ...] = get_args(NumberMetric)
EVERY_KIND_OF_ROWS = pytest.mark.parametrize("present", ["all", "some"])
EVERY_COUNT = pytest.mark.parametrize("count", [2, 3, 7])
# Scores rounded to few digits often tie.
EVERY_ROUNDING = pytest.mark.parametrize("digits", [1, 2, 8])


def probabilities(count: int, digits: int, seed: int = 0) -> Floats:
    """Return scores that sum to 1 per row, rounded to produce ties."""
    weights: Floats = np.exp(draw(ROWS, count, seed=seed)).round(digits) + 0.1
    total: Floats = weights.sum(axis=1, keepdims=True)
    return weights / total


def some_classes(count: int, present: str) -> Indices:
    """Return one class per row; with three or more classes, the last may have no rows."""
    used = count if present == "all" or count == 2 else count - 1
    return np.random.default_rng(1).integers(0, used, ROWS)


def ours(scores: Floats, classes: Indices) -> dict[str, Metric]:
    count = scores.shape[1]
    target = ClassTarget("y", tuple(range(count)))
    tally = build_accumulator(CLASS_METRICS, target, classes, count, scores.dtype)
    tally.update(0.0, scores, classes)
    return tally.result()


def area(of: Callable[[Any, Any], float], scores: Floats, classes: Indices) -> float:
    """Return the area of the second of two classes, else the mean over the classes with rows."""
    if scores.shape[1] == 2:
        return of(classes, scores[:, 1])
    present = np.unique(classes)
    return float(np.mean([of(classes == index, scores[:, index]) for index in present]))


def averages(predicted: Indices, classes: Indices, count: int) -> dict[str, Any]:
    options = {"labels": range(count), "zero_division": 0}
    found = {}
    for name, score in [
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
        ("f1", sk.f1_score),
    ]:
        found[name] = score(classes, predicted, average="macro", **options)
        found[f"{name}_per_class"] = score(classes, predicted, average=None, **options)
    return found


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@EVERY_KIND_OF_ROWS
@EVERY_COUNT
@EVERY_ROUNDING
def test_metrics_of_classes(count: int, digits: int, present: str) -> None:
    scores, classes = probabilities(count, digits), some_classes(count, present)
    predicted = scores.argmax(axis=1)
    expected = averages(predicted, classes, count) | {
        "accuracy": sk.accuracy_score(classes, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(classes, predicted),
        "matthews": sk.matthews_corrcoef(classes, predicted),
        "confusion_matrix": sk.confusion_matrix(classes, predicted, labels=range(count)),
        "log_loss": sk.log_loss(classes, scores, labels=range(count)),
        "roc_auc": area(sk.roc_auc_score, scores, classes),
        "pr_auc": area(sk.average_precision_score, scores, classes),
    }
    found = ours(scores, classes)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-12, err_msg=name)
    assert {*expected} == {name for name in found if not name.startswith("top_")}


@EVERY_KIND_OF_ROWS
@EVERY_ROUNDING
@pytest.mark.parametrize("k", [2, 3, 5])
def test_top_k_accuracy(k: int, digits: int, present: str) -> None:
    scores, classes = probabilities(7, digits), some_classes(7, present)
    # On ties scikit-learn prefers the last class, the engine the first: reverse the class order.
    expected = sk.top_k_accuracy_score(6 - classes, scores[:, ::-1], k=k, labels=range(7))
    assert ours(scores, classes)[f"top_{k}_accuracy"] == pytest.approx(expected)


@EVERY_ROUNDING
def test_multiclass_roc_auc_is_one_versus_rest(digits: int) -> None:
    scores, classes = probabilities(4, digits), some_classes(4, "all")
    expected = sk.roc_auc_score(classes, scores, multi_class="ovr", average="macro")
    assert ours(scores, classes)["roc_auc"] == pytest.approx(expected)


def test_log_loss_of_certain_and_wrong_rows_in_float32() -> None:
    scores = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    classes = np.array([1, 2])
    expected = sk.log_loss(classes, scores, labels=range(3))
    assert ours(scores, classes)["log_loss"] == pytest.approx(expected)


@pytest.mark.parametrize("label", [0, 1])
def test_matthews_when_one_class_is_predicted(label: int) -> None:
    scores, classes = np.eye(2)[np.full(ROWS, label)], some_classes(2, "all")
    expected = sk.matthews_corrcoef(classes, scores.argmax(axis=1))
    assert ours(scores, classes)["matthews"] == expected == 0


@pytest.mark.parametrize("digits", [0, 8])
@pytest.mark.parametrize("names", [NUMBER_METRICS, ("mse", "rmse", "mae", "r2")])
def test_metrics_of_numbers(names: tuple[NumberMetric, ...], digits: int) -> None:
    target = NumericTarget("y", center=0.0, scale=2.0)
    outputs, y = draw(ROWS, 1).round(digits), draw(ROWS, 1, seed=1).round(digits)
    tally = build_accumulator(names, target, y, 1, y.dtype)
    tally.update(0.0, outputs, y)
    predicted, true = outputs[:, 0] * 2, y[:, 0] * 2
    expected = {
        "mse": sk.mean_squared_error(true, predicted),
        "rmse": sk.root_mean_squared_error(true, predicted),
        "mae": sk.mean_absolute_error(true, predicted),
        "r2": sk.r2_score(true, predicted),
        "mape": sk.mean_absolute_percentage_error(true, predicted),
        "explained_variance": sk.explained_variance_score(true, predicted),
    }
    assert tally.result() == pytest.approx({name: expected[name] for name in names}, rel=1e-12)
