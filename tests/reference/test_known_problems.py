"""Tables bundled with scikit-learn: scores compared to its own networks on the same rows."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.table import Column, NumericColumn
from engine.predictor import Predictor
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import prepared

sklearn = pytest.importorskip(
    "sklearn", reason="reference tests need scikit-learn: ./run test --all", exc_type=ImportError
)

Matrix = NDArray[np.float64]


def columns_of(x: Matrix, y: Matrix | None = None) -> dict[str, Column]:
    columns: dict[str, Column] = {f"x{i}": NumericColumn(x[:, i]) for i in range(x.shape[1])}
    return columns if y is None else {**columns, "y": NumericColumn(y.astype(np.float64))}


def split(x: Matrix, y: Matrix, seed: int) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    order = np.random.default_rng(seed).permutation(len(x))
    train_rows, test_rows = order[len(x) // 5 :], order[: len(x) // 5]
    return x[train_rows], y[train_rows], x[test_rows], y[test_rows]


def predict(x: Matrix, y: Matrix, unseen: Matrix, **spec: Any) -> Matrix:
    """Train, and return the outputs for unseen rows."""
    asked = TrainingSpec.model_validate({"target": "y", "validation": None, **spec})
    resolved, data = prepared(asked, columns_of(x, y))
    training = Training(resolved, data)
    for _ in train(training):
        pass
    predictor = Predictor(resolved, data.preprocessing, training.weights())
    return predictor.predict(columns_of(unseen)).astype(np.float64)


def test_breast_cancer_is_classified() -> None:
    from sklearn.datasets import load_breast_cancer  # noqa: PLC0415

    x, y = load_breast_cancer(return_X_y=True)
    accuracies = []
    for seed in range(5):
        training, truth, unseen, unseen_truth = split(x, y, seed)
        outputs = predict(training, truth, unseen, epochs=30, seed=seed)
        accuracies.append(np.mean(outputs.argmax(axis=1) == unseen_truth))
    assert np.mean(accuracies) >= 0.96


def test_diabetes_score_is_at_least_that_of_scikit_learn() -> None:
    from sklearn.datasets import load_diabetes  # noqa: PLC0415
    from sklearn.metrics import r2_score  # noqa: PLC0415
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415

    x, y = load_diabetes(return_X_y=True)
    ours, theirs = [], []
    for seed in range(5):
        training, truth, unseen, unseen_truth = split(x, y, seed)
        outputs = predict(
            training,
            truth,
            unseen,
            network={"layers": [{"type": "dense", "units": 32}]},
            epochs=40,
            seed=seed,
        )
        ours.append(r2_score(unseen_truth, outputs))
        # Standardized as in the engine: on raw values scikit-learn's network fails to converge.
        center, scale = training.mean(axis=0), training.std(axis=0)
        model = MLPRegressor(
            hidden_layer_sizes=(32,), batch_size=32, max_iter=40, alpha=0.0, random_state=seed
        )
        with pytest.warns(match="Maximum iterations"):
            model.fit((training - center) / scale, (truth - truth.mean()) / truth.std())
        guessed = model.predict((unseen - center) / scale) * truth.std() + truth.mean()
        theirs.append(r2_score(unseen_truth, guessed))
    assert np.mean(ours) >= np.mean(theirs) - 0.02
