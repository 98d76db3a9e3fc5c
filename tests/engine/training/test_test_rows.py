"""Evaluation of the kept weights on the test rows, which no step and no choice depends on."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import array, describe, levels, line_columns, numbers, same_arrays

STOPPING = {"patience": 2}
QUICK = {"type": "adam", "learning_rate": 0.5}


def marked(rows: int = 60, **columns: Column) -> dict[str, Column]:
    marks = [("test" if n % 4 == 0 else "rest") for n in range(rows)]
    return line_columns(rows) | {"part": levels(*marks)} | columns


def make(columns: dict[str, Column], **options: Any) -> Training:
    asked = {
        "target": "y",
        "test": {"column": "part"},
        "optimizer": QUICK,
        "early_stopping": STOPPING,
        "epochs": 30,
        "metrics": "all",
        **options,
    }
    spec = resolve(TrainingSpec.model_validate(asked), describe(columns)).spec
    return Training(spec, prepare(spec, MemoryTable(columns)))


def test_metrics_are_those_of_a_validation_on_these_rows() -> None:
    columns = marked()
    training = make(columns, validation=None, early_stopping=None, epochs=3)
    list(train(training))
    watching = make(
        columns, test=None, validation={"column": "part"}, early_stopping=None, epochs=3
    )
    *_, record = train(watching)
    expected = {
        name.removeprefix("validation_"): value
        for name, value in record.values().items()
        if name.startswith("validation_")
    }
    assert training.test_metrics() == expected
    assert expected.keys() >= {"loss", "rmse", "r2"}


def test_weights_of_the_best_epoch_are_evaluated_and_training_is_left_as_it_was() -> None:
    training = make(marked())
    list(train(training))
    assert training.epochs_since_best == 2
    latest = training.state()
    found = training.test_metrics()
    assert training.test_metrics() == found
    assert same_arrays(training.state().arrays, latest.arrays)
    best = make(marked())
    best.restore(latest)
    best._loop.network.load(training.weights())
    best._loop._kept.best = None
    assert best.test_metrics() == found


def test_no_step_and_no_choice_depends_on_the_test_rows() -> None:
    columns = marked()
    other = dict(columns)
    for name in ("a", "b", "y"):
        values = columns[name].values.copy()  # type: ignore[union-attr]
        values[::4] = -1e3 * values[::4]
        other[name] = numbers(*values)
    one, two = make(columns), make(other)
    assert list(train(one)) == list(train(two))
    assert same_arrays(one.weights(), two.weights())
    assert one.test_metrics() != two.test_metrics()


def test_test_metrics_are_weighted() -> None:
    weight = numbers(*(float(1 + n % 8) for n in range(60)))
    training = make(marked(w=weight), sample_weight="w", features=["a", "b"], dtype="float64")
    list(train(training))
    found = training.test_metrics()
    test = training._data.test
    assert found is not None
    assert test is not None
    best = make(marked(w=weight), sample_weight="w", features=["a", "b"], dtype="float64")
    best._loop.network.load(training.weights())
    errors = best._loop.network.predict(array(test.x)) - array(test.y)
    weights = weight.values[::4] / weight.values[::4].mean()
    assert found["loss"] == pytest.approx(np.mean(weights * errors[:, 0] ** 2))


def test_values_that_are_not_finite_are_left_out() -> None:
    training = make(marked(), early_stopping=None, epochs=1)
    list(train(training))
    training._loop.network.parameters[...] = np.inf
    assert training.test_metrics() == {}


def test_without_a_test_part_there_are_no_metrics() -> None:
    assert make(line_columns(), test=None).test_metrics() is None
