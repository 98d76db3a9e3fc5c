"""Equal initial weights and batches give the same final weights as scikit-learn's networks."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, prepared

sklearn = pytest.importorskip(
    "sklearn", reason="reference tests need scikit-learn: ./run test --all", exc_type=ImportError
)

ROWS, FEATURES, HIDDEN, EPOCHS = 60, 4, (8, 5), 5
RATE = 0.1
SPEC: dict[str, Any] = {
    "target": "y",
    "preprocessing": {"numeric": "none", "target": "none"},
    "network": {"layers": [{"type": "dense", "units": n, "activation": "tanh"} for n in HIDDEN]},
    "optimizer": {"type": "sgd", "learning_rate": RATE},
    "batch_size": 16,
    "shuffle": False,
    "validation": None,
    "epochs": EPOCHS,
    "dtype": "float64",
}
OPTIONS: dict[str, Any] = {
    "activation": "tanh",
    "solver": "sgd",
    "alpha": 0.0,
    "batch_size": 16,
    "learning_rate_init": RATE,
    "momentum": 0.0,
    "shuffle": False,
}
X = draw(ROWS, FEATURES, seed=3)


def started(y: Column, **spec: Any) -> Training:
    columns: dict[str, Column] = {f"x{i}": NumericColumn(X[:, i]) for i in range(FEATURES)}
    return Training(*prepared(TrainingSpec.model_validate(SPEC | spec), {**columns, "y": y}))


def give(model: Any, weights: dict[str, NDArray[Any]]) -> None:
    """Set the weights of scikit-learn's network to ours."""
    names = [*(f"layers.{index}" for index in range(len(HIDDEN))), "output"]
    for index, name in enumerate(names):
        model.coefs_[index][...] = weights[f"{name}.weight"]
        model.intercepts_[index][...] = weights[f"{name}.bias"]


def assert_same_weights(model: Any, weights: dict[str, NDArray[Any]]) -> None:
    names = [*(f"layers.{index}" for index in range(len(HIDDEN))), "output"]
    for index, name in enumerate(names):
        for ours, theirs in (("weight", model.coefs_), ("bias", model.intercepts_)):
            np.testing.assert_allclose(
                weights[f"{name}.{ours}"], theirs[index], rtol=1e-9, atol=1e-12
            )


def test_classifier_of_the_same_shape_ends_in_the_same_weights() -> None:
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    classes = np.arange(ROWS) % 3
    training = started(CategoricalColumn(classes.astype(np.int32), ("a", "b", "c")))
    model = MLPClassifier(hidden_layer_sizes=HIDDEN, **OPTIONS)
    model.partial_fit(X, classes, classes=np.arange(3))  # allocates its arrays
    give(model, training.weights())
    losses = [record.loss for record in train(training)]
    for epoch in range(EPOCHS):
        model.partial_fit(X, classes)
        assert losses[epoch] == pytest.approx(model.loss_, rel=1e-9)
    assert_same_weights(model, training.weights())


def test_regressor_of_the_same_shape_ends_in_the_same_weights() -> None:
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415

    y = X @ [1.0, -2.0, 0.5, 0.0]
    training = started(NumericColumn(y), loss="half_squared_error")
    model = MLPRegressor(hidden_layer_sizes=HIDDEN, **OPTIONS)
    model.partial_fit(X, y)  # allocates its arrays
    give(model, training.weights())
    losses = [record.loss for record in train(training)]
    for epoch in range(EPOCHS):
        model.partial_fit(X, y)
        assert losses[epoch] == pytest.approx(model.loss_, rel=1e-9)
    assert_same_weights(model, training.weights())
