"""Trainings of several targets: equality with a single one, order of the targets, results."""

from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.predictor import Predictor
from engine.preprocessing.fitted import LabelTargets, NumericTargets
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, prepared, same_arrays

ROWS = 120
FAST = {"type": "adam", "learning_rate": 0.02}


def columns() -> dict[str, Column]:
    """Return three features, three numbers and two labels that depend on them."""
    x = draw(ROWS, 3)
    first, second = 100 + 10 * x @ [1, 2, 3], x @ [0, 1, -1]
    return {
        **{f"x{i}": NumericColumn(x[:, i]) for i in range(3)},
        "a": NumericColumn(first),
        "b": NumericColumn(second),
        "c": NumericColumn(np.exp(x[:, 0]).round()),
        "hot": CategoricalColumn((first > 100).astype(np.int32), (False, True)),
        "wet": CategoricalColumn((second > 0).astype(np.int32), ("yes", "no")),
    }


def run(
    target: str | list[str], weights: dict[str, Floats] | None = None, **options: Any
) -> tuple[Training, list[dict[str, Any]], Predictor]:
    request = {"features": ["x0", "x1", "x2"], "target": target, "epochs": 3, **options}
    spec, data = prepared(TrainingSpec.model_validate(request), columns())
    training = Training(spec, data, weights)
    records = [record.values() for record in train(training)]
    return training, records, Predictor(spec, data.preprocessing, training.weights())


@pytest.mark.parametrize(
    ("target", "options"), [("a", {}), ("wet", {}), ("a", {"loss": "gaussian"})]
)
def test_a_list_of_one_trains_to_the_same_bits_as_the_name(
    target: str, options: dict[str, Any]
) -> None:
    listed, named = run([target], **options), run(target, **options)
    assert listed[1] == named[1]
    assert same_arrays(listed[0].state().arrays, named[0].state().arrays)
    assert listed[0].preprocessing == named[0].preprocessing


@pytest.mark.parametrize(
    ("targets", "options"),
    [
        (["a", "b", "c"], {}),
        (["a", "b", "c"], {"loss": "gaussian", "metrics": "all"}),
        (["hot", "wet"], {"metrics": "all"}),
    ],
)
def test_permuting_the_targets_permutes_the_results(
    targets: list[str], options: dict[str, Any]
) -> None:
    options = {"dtype": "float64", "validation": {"fraction": 0.25, "stratify": False}, **options}
    first, _, _ = run(targets, epochs=1, **options)
    weights = first.weights()
    count = len(targets)
    order = [*range(1, count), 0]
    outputs = [*order, *(count + index for index in order)] if "loss" in options else order
    permuted = {
        name: array[..., outputs] if name.startswith("output") else array
        for name, array in weights.items()
    }
    _, records, predictor = run(targets, weights, **options)
    _, others, other = run([targets[index] for index in order], permuted, **options)
    for record, changed in zip(records, others, strict=True):
        for name, value in record.items():
            expected = value
            if isinstance(value, list):
                expected = [value[index] for index in order]
            assert changed[name] == pytest.approx(expected, rel=1e-9), name
    ours, theirs = predictor.answer(columns()), other.answer(columns())
    np.testing.assert_allclose(theirs.values, ours.values[:, order], rtol=1e-9)
    if ours.deviations is not None and theirs.deviations is not None:
        np.testing.assert_allclose(theirs.deviations, ours.deviations[:, order], rtol=1e-9)


def test_numbers_are_predicted_in_their_own_units() -> None:
    training, records, predictor = run(["a", "b"], epochs=60, optimizer=FAST)
    target = training.preprocessing.target
    assert isinstance(target, NumericTargets)
    found, table = predictor.predict(columns()), columns()
    for index, name in enumerate(("a", "b")):
        column = table[name]
        assert isinstance(column, NumericColumn)
        assert np.corrcoef(found[:, index], column.values)[0, 1] > 0.99
        assert abs(found[:, index].mean() - column.values.mean()) < 0.1 * column.values.std()
    assert records[-1]["rmse"] == pytest.approx(np.mean(records[-1]["rmse_per_target"]))


def test_each_number_is_standardized_on_the_training_rows() -> None:
    request = {"features": ["x0"], "target": ["a", "b"], "validation": {"fraction": 0.25}}
    _, data = prepared(TrainingSpec.model_validate(request), columns())
    y = data.y[0 : len(data.y)]
    assert y.shape == (90, 2)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-5)


def test_labels_are_predicted_as_the_probability_of_their_second_class() -> None:
    training, records, predictor = run(["hot", "wet"], epochs=60, optimizer=FAST)
    target = training.preprocessing.target
    assert isinstance(target, LabelTargets)
    assert [label.classes for label in target.labels] == [(False, True), ("no", "yes")]
    found, table = predictor.predict(columns()), columns()
    for index, name in enumerate(("hot", "wet")):
        column, label = table[name], target.labels[index]
        assert isinstance(column, CategoricalColumn)
        true = [column.levels[code] for code in column.codes]
        predicted = [label.classes[int(p > 0.5)] for p in found[:, index]]
        assert np.mean([one == other for one, other in zip(true, predicted, strict=True)]) > 0.95
    assert records[-1]["accuracy"] > 0.95
    assert records[-1]["subset_accuracy"] > 0.9


def test_early_stopping_monitors_the_mean() -> None:
    stopping = {"metric": "validation_rmse", "patience": 2}
    training, records, _ = run(["a", "b"], epochs=50, early_stopping=stopping)
    means = [record["validation_rmse"] for record in records]
    best = training.best
    assert best is not None
    assert best["validation_rmse"] == min(means)
