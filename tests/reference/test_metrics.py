"""Every metric equals scikit-learn's, on random rows by seed: weights, ties, absent classes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.arrays import Floats, Indices, Targets
from engine.data.split_arrays import SplitArrays
from engine.metrics import Metric, build_accumulator
from engine.preprocessing.fitted import ClassTarget, FittedTarget, NumericTarget
from engine.specs import (
    ClassMetric,
    MetricName,
    NumberMetric,
    OutputActivation,
    ResolvedOutput,
)
from tests.engine.examples import draw

sk = pytest.importorskip(
    "sklearn.metrics",
    reason="reference tests need scikit-learn: ./run test --all",
    exc_type=ImportError,
)

CLASS_METRICS: tuple[ClassMetric, ...] = get_args(ClassMetric)
NUMBER_METRICS: tuple[NumberMetric, ...] = get_args(NumberMetric)
TOP_K: dict[int, ClassMetric] = {2: "top_2_accuracy", 3: "top_3_accuracy", 5: "top_5_accuracy"}
SEEDS = range(50)
DTYPES: tuple[type[np.floating], ...] = (np.float32, np.float64)

Weights = NDArray[np.float64] | None


def draw_weights(random: np.random.Generator, rows: int) -> Weights:
    """Return no weights, or weights of which some are 0, small integers or any numbers."""
    kind = random.integers(4)
    if kind == 0:
        return None
    weights = random.integers(0, 4, rows).astype(np.float64)
    if kind == 2:
        weights = random.random(rows) * 10.0 ** random.integers(-3, 4, rows)
    if kind == 3:
        weights = np.maximum(random.standard_normal(rows), 0)
    weights[0] += 1
    normalized: NDArray[np.float64] = weights / weights.mean()
    return normalized


def ours(
    names: tuple[MetricName, ...],
    target: FittedTarget,
    outputs: Floats,
    split: SplitArrays,
    activation: OutputActivation = "linear",
    batch: int = 1000,
) -> dict[str, Metric]:
    output = ResolvedOutput(units=outputs.shape[1], activation=activation)
    tally = build_accumulator(names, target, split, output)
    for start in range(0, len(split), batch):
        chunk = slice(start, start + batch)
        tally.update(0.0, outputs[chunk], split.read(chunk))
    return tally.result()


def compare(found: dict[str, Any], expected: dict[str, Any], rtol: float) -> None:
    """Check all metrics; None is undefined."""
    assert found.keys() == {name for name, value in expected.items() if value is not None}
    for name, value in found.items():
        # None, of a class without rows, is NaN in an array.
        actual, wanted = np.array(value, np.float64), np.array(expected[name], np.float64)
        np.testing.assert_allclose(actual, wanted, rtol=rtol, atol=rtol, err_msg=name)


@dataclass(frozen=True)
class ClassRows:
    """Random outputs for classes, and the true classes."""

    outputs: Floats
    activation: OutputActivation
    classes: Indices
    count: int
    weights: Weights
    batch: int

    @property
    def scores(self) -> Floats:
        """One score per class."""
        if self.outputs.shape[1] > 1:
            return self.outputs
        return np.concatenate((1 - self.outputs, self.outputs), axis=1)


def draw_classes(seed: int) -> ClassRows:
    random = np.random.default_rng(seed)
    rows, count = int(random.integers(2, 60)), int(random.choice([2, 2, 3, 4, 7]))
    activation: OutputActivation = random.choice(["softmax", "sigmoid", "linear", "softplus"])
    units = 1 if activation == "sigmoid" and count == 2 and random.random() < 0.7 else count
    # Scores rounded to few digits often tie.
    scores = random.standard_normal((rows, units)).round(int(random.choice([0, 1, 8])))
    scores *= 10.0 ** random.integers(-2, 1)
    if activation == "softmax":
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    elif activation == "sigmoid":
        scores = 1 / (1 + np.exp(-scores))
    elif activation == "softplus":
        scores = np.log1p(np.exp(scores))
    present = random.choice(count, int(random.integers(1, count + 1)), replace=False)
    return ClassRows(
        outputs=scores.astype(DTYPES[random.integers(2)]),
        activation=activation,
        classes=random.choice(present, rows),
        count=count,
        weights=draw_weights(random, rows),
        batch=int(random.integers(1, rows + 1)),
    )


def targets_of(rows: ClassRows, seed: int) -> Targets:
    """Return the classes as indices, as one-hot rows, or for a single output as zeros and ones."""
    if rows.outputs.shape[1] == 1:
        return rows.classes[:, np.newaxis].astype(rows.outputs.dtype)
    return np.eye(rows.count, dtype=rows.outputs.dtype)[rows.classes] if seed % 2 else rows.classes


def counted(rows: ClassRows) -> tuple[Floats, Indices, Weights]:
    """Return scores, classes and weights of the rows of positive weight."""
    if rows.weights is None:
        return rows.scores, rows.classes, None
    kept = rows.weights > 0
    return rows.scores[kept], rows.classes[kept], rows.weights[kept]


def area(
    of: Callable[..., float], rows: ClassRows, scores: Floats, classes: Indices, weights: Weights
) -> float | None:
    """Return the area for two classes, else the mean over the classes with rows."""
    present = np.unique(classes)
    if len(present) < 2:
        return None
    if rows.count == 2:
        score = scores[:, 1].astype(np.float64)
        if rows.activation not in {"softmax", "sigmoid"}:
            score -= scores[:, 0]
        return of(classes, score, sample_weight=weights)
    areas = [of(classes == k, scores[:, k], sample_weight=weights) for k in present]
    return float(np.mean(areas))


def averages(predicted: Indices, classes: Indices, count: int, weights: Weights) -> dict[str, Any]:
    """Return the metrics that have one value per class, None for a class without rows."""
    present, found = np.unique(classes), {}
    for name in ("precision", "recall", "f1"):
        score = getattr(sk, f"{name}_score")
        options = {"zero_division": 0, "sample_weight": weights}
        found[name] = score(classes, predicted, average="macro", labels=present, **options)
        listed = score(classes, predicted, average=None, labels=range(count), **options)
        found[f"{name}_per_class"] = [v if k in present else None for k, v in enumerate(listed)]
    return found


def theirs(rows: ClassRows) -> dict[str, Any]:
    scores, classes, weights = counted(rows)
    predicted, labels = scores.argmax(axis=1), range(rows.count)
    options = {"sample_weight": weights}
    has_choice = len(np.unique(predicted)) > 1 and len(np.unique(classes)) > 1
    expected = averages(predicted, classes, rows.count, weights) | {
        "accuracy": sk.accuracy_score(classes, predicted, **options),
        "balanced_accuracy": sk.balanced_accuracy_score(classes, predicted, **options),
        "confusion_matrix": sk.confusion_matrix(classes, predicted, labels=labels, **options),
        "roc_auc": area(sk.roc_auc_score, rows, scores, classes, weights),
        "pr_auc": area(sk.average_precision_score, rows, scores, classes, weights),
        "log_loss": None,
        # Of a single class scikit-learn's is 0 only if no sum rounds.
        "matthews": sk.matthews_corrcoef(classes, predicted, **options) if has_choice else 0,
    }
    if rows.activation in {"softmax", "sigmoid"}:
        p = scores / scores.sum(axis=1, keepdims=True)
        expected["log_loss"] = sk.log_loss(classes, p, labels=labels, **options)
    # On ties scikit-learn prefers the last class, the engine the first: reverse the class order.
    last, order = rows.count - 1, scores[:, ::-1]
    expected |= {
        name: sk.top_k_accuracy_score(last - classes, order, k=k, labels=labels, **options)
        for k, name in TOP_K.items()
        if k < rows.count
    }
    return expected


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_classes(seed: int) -> None:
    rows, expected = draw_classes(seed), theirs(draw_classes(seed))
    names = tuple(name for name in CLASS_METRICS if name in expected)
    dtype, y = rows.outputs.dtype, targets_of(rows, seed)
    split = SplitArrays(np.empty((len(y), 0), dtype), y, sample_weights=rows.weights)
    target, rtol = ClassTarget("y", tuple(range(rows.count))), 1e-5 if dtype == np.float32 else 1e-9
    found = ours(names, target, rows.outputs, split, rows.activation, rows.batch)
    compare(found, expected, rtol)
    streamed = ours(("accuracy",), target, rows.outputs, split, rows.activation, rows.batch)
    compare(streamed, {"accuracy": expected["accuracy"]}, rtol)


def test_multiclass_roc_auc_is_one_versus_rest() -> None:
    weights = np.exp(draw(60, 4)).round(1) + 0.1
    scores, classes = weights / weights.sum(axis=1, keepdims=True), np.arange(60) % 4
    split = SplitArrays(np.empty((60, 0)), classes)
    found = ours(("roc_auc",), ClassTarget("y", (0, 1, 2, 3)), scores, split, "softmax")
    expected = sk.roc_auc_score(classes, scores, multi_class="ovr", average="macro")
    assert found["roc_auc"] == pytest.approx(expected)


def test_log_loss_of_certain_and_wrong_rows_in_float32() -> None:
    scores, classes = np.array([[1, 0, 0], [0, 1, 0]], np.float32), np.array([1, 2])
    split = SplitArrays(np.empty((2, 0), np.float32), classes)
    found = ours(("log_loss",), ClassTarget("y", (0, 1, 2)), scores, split, "softmax")
    expected = sk.log_loss(classes, scores, labels=range(3))
    assert found["log_loss"] == pytest.approx(expected)


@dataclass(frozen=True)
class NumberRows:
    """Random outputs for numbers, and the true numbers in their own unit."""

    outputs: Floats
    values: NDArray[np.float64]
    target: NumericTarget
    weights: Weights
    batch: int

    @property
    def scaled(self) -> Floats:
        """The targets as the network has them."""
        scaled = (self.values - self.target.center) / self.target.scale
        return scaled[:, np.newaxis].astype(self.outputs.dtype)


def draw_numbers(seed: int) -> NumberRows:
    random = np.random.default_rng(seed)
    rows, unit = int(random.integers(1, 60)), 10.0 ** random.integers(-6, 7)
    values = random.standard_normal(rows).round(int(random.choice([0, 1, 8])))
    values *= random.choice([0.0, 1.0, 1.0, 1.0])
    values = (values + random.choice([0.0, 0.0, 1.1, -3.0])) * unit
    center, scale = unit * random.standard_normal(), unit * random.random()
    return NumberRows(
        outputs=(2 * random.standard_normal((rows, 1))).astype(DTYPES[random.integers(2)]),
        values=values,
        target=NumericTarget("y", center, scale),
        weights=draw_weights(random, rows),
        batch=int(random.integers(1, rows + 1)),
    )


def theirs_of_numbers(rows: NumberRows) -> dict[str, Any]:
    kept = np.full(len(rows.values), True) if rows.weights is None else rows.weights > 0
    options = {"sample_weight": None if rows.weights is None else rows.weights[kept]}
    predicted = rows.target.to_own_unit(rows.outputs[kept, 0])
    true = rows.target.to_own_unit(rows.scaled[kept, 0])
    is_constant = true.min() == true.max()
    exact = rows.values[kept]
    divisible = exact != 0
    own = {k: None if w is None else w[divisible] for k, w in options.items()}
    mape = sk.mean_absolute_percentage_error
    return {
        "mse": sk.mean_squared_error(true, predicted, **options),
        "rmse": sk.root_mean_squared_error(true, predicted, **options),
        "mae": sk.mean_absolute_error(true, predicted, **options),
        "r2": None if is_constant else sk.r2_score(true, predicted, **options),
        "explained_variance": None
        if is_constant
        else sk.explained_variance_score(true, predicted, **options),
        "mape": mape(exact[divisible], predicted[divisible], **own) if divisible.any() else None,
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_numbers(seed: int) -> None:
    rows, expected = draw_numbers(seed), theirs_of_numbers(draw_numbers(seed))
    dtype = rows.outputs.dtype
    split = SplitArrays(
        np.empty((len(rows.values), 0), dtype),
        rows.scaled,
        sample_weights=rows.weights,
        values=rows.values[:, np.newaxis],
    )
    rtol = 1e-4 if dtype == np.float32 else 1e-9
    scale = rows.target.scale
    for names in (NUMBER_METRICS, ("mse", "rmse", "mae", "r2")):
        found: dict[str, Any] = ours(names, rows.target, rows.outputs, split, batch=rows.batch)
        wanted: dict[str, Any] = {name: expected[name] for name in names}
        # Errors in the network's unit, so that the absolute tolerance suits all units.
        for name, unit in (("mse", scale**2), ("rmse", scale), ("mae", scale)):
            found[name], wanted[name] = found[name] / unit, wanted[name] / unit
        compare(found, wanted, rtol)
