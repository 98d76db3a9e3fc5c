"""Losses and metrics of weighted trainings equal scikit-learn's of the model's predictions."""

from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.predictor import Predictor
from engine.preprocessing.fitted import NumericTarget
from engine.specs import NumberMetric, ResolvedSpec, TrainingSpec
from engine.training.training import Training
from tests.engine.examples import draw, prepared
from tests.reference.test_metrics import compare

sk = pytest.importorskip(
    "sklearn.metrics",
    reason="reference tests need scikit-learn: ./run test --all",
    exc_type=ImportError,
)

ROWS = 60
VALIDATION = np.arange(ROWS) % 3 == 0
CLASS_WEIGHT = {"a": 2.0, "b": 0.25, "c": 5.0}
METRICS = ["accuracy", "balanced_accuracy", "f1", "recall_per_class", "roc_auc", "pr_auc"]
METRICS += ["log_loss", "top_2_accuracy", "matthews", "confusion_matrix"]
# So slow that all epochs' predictions are those of the end.
OPTIONS = {
    "dtype": "float64",
    "optimizer": {"type": "sgd", "learning_rate": 1e-12},
    "epochs": 2,
    "batch_size": 7,
    "features": ["x0", "x1"],
    "sample_weight": "w",
    "validation": {"column": "part"},
}


def table(target: Column) -> dict[str, Column]:
    """Return two inputs, a target, and weights of which some are 0 and validation's are larger."""
    x, w = draw(ROWS, 2), np.maximum(draw(ROWS, seed=1) + 1, 0)
    return {
        "x0": NumericColumn(x[:, 0]),
        "x1": NumericColumn(x[:, 1]),
        "y": target,
        "w": NumericColumn(w * np.where(VALIDATION, 1000.0, 1.0)),
        "part": CategoricalColumn(VALIDATION.astype(np.int32), ("train", "test")),
    }


def train(columns: dict[str, Column], **options: Any) -> tuple[ResolvedSpec, Training, Any]:
    """Return the spec, the finished training and the last epoch's record."""
    asked = {"target": "y", **OPTIONS, **options}
    spec, data = prepared(TrainingSpec.model_validate(asked), columns)
    training = Training(spec, data)
    records = [training.run_epoch() for _ in range(spec.epochs)]
    return spec, training, records[-1]


def split_values(values: dict[str, Any], prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[prefix + name] for name in names if prefix + name in values}


@pytest.mark.parametrize("is_validation", [False, True])
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_classes(is_validation: bool) -> None:
    # No validation row is of class c.
    codes: Indices = np.random.default_rng(4).integers(0, np.where(VALIDATION, 2, 3))
    columns = table(CategoricalColumn(codes.astype(np.int32), ("a", "b", "c")))
    spec, training, record = train(columns, metrics=METRICS, class_weight=CLASS_WEIGHT)
    scores = Predictor(spec, training.preprocessing, training.weights()).predict(columns)
    weights = weights_of(columns)
    rows = np.flatnonzero((is_validation == VALIDATION) & (weights > 0))
    p, true, w = scores[rows], codes[rows], weights[rows]
    by_class = w * np.array(list(CLASS_WEIGHT.values()))[true]
    predicted, present, options = p.argmax(axis=1), np.unique(true), {"sample_weight": w}
    recall = sk.recall_score(
        true, predicted, average=None, labels=range(3), zero_division=0, **options
    )
    expected = {
        "loss": sk.log_loss(true, p, labels=range(3), sample_weight=by_class),
        "accuracy": sk.accuracy_score(true, predicted, **options),
        "balanced_accuracy": sk.balanced_accuracy_score(true, predicted, **options),
        "f1": sk.f1_score(
            true, predicted, average="macro", labels=present, zero_division=0, **options
        ),
        "recall_per_class": [v if k in present else None for k, v in enumerate(recall)],
        "roc_auc": np.mean([sk.roc_auc_score(true == k, p[:, k], **options) for k in present]),
        "pr_auc": np.mean(
            [sk.average_precision_score(true == k, p[:, k], **options) for k in present]
        ),
        "log_loss": sk.log_loss(true, p, labels=range(3), **options),
        "top_2_accuracy": sk.top_k_accuracy_score(true, p, k=2, labels=range(3), **options),
        "matthews": sk.matthews_corrcoef(true, predicted, **options),
        "confusion_matrix": sk.confusion_matrix(
            true, predicted, labels=range(3), sample_weight=normalized(weights, is_validation)[rows]
        ),
    }
    assert len(present) == (2 if is_validation else 3)
    prefix = "validation_" if is_validation else ""
    compare(split_values(record.values(), prefix, ("loss", *METRICS)), expected, rtol=1e-8)


@pytest.mark.parametrize("is_validation", [False, True])
def test_numbers(is_validation: bool) -> None:
    y = np.round(3 * draw(ROWS, seed=2)) * 1000
    assert (y[VALIDATION] == 0).any()
    columns = table(NumericColumn(y))
    names = get_args(NumberMetric)
    spec, training, record = train(columns, metrics=list(names), task="regression")
    predicted = Predictor(spec, training.preprocessing, training.weights()).predict(columns)
    weights = weights_of(columns)
    rows = np.flatnonzero((is_validation == VALIDATION) & (weights > 0))
    p, true, w = predicted[rows], y[rows], weights[rows]
    target, options = training.preprocessing.target, {"sample_weight": w}
    assert isinstance(target, NumericTarget)
    kept = true != 0
    expected = {
        "loss": sk.mean_squared_error(true, p, **options) / target.scale**2,
        "mse": sk.mean_squared_error(true, p, **options),
        "rmse": sk.root_mean_squared_error(true, p, **options),
        "mae": sk.mean_absolute_error(true, p, **options),
        "r2": sk.r2_score(true, p, **options),
        "explained_variance": sk.explained_variance_score(true, p, **options),
        "mape": sk.mean_absolute_percentage_error(true[kept], p[kept], sample_weight=w[kept]),
    }
    prefix = "validation_" if is_validation else ""
    compare(split_values(record.values(), prefix, ("loss", *names)), expected, rtol=1e-8)


def weights_of(columns: dict[str, Column]) -> NDArray[np.float64]:
    column = columns["w"]
    assert isinstance(column, NumericColumn)
    return column.values


def normalized(weights: NDArray[np.float64], is_validation: bool) -> NDArray[np.float64]:
    """Return the weights divided by their mean over the split."""
    found: NDArray[np.float64] = weights / weights[is_validation == VALIDATION].mean()
    return found
