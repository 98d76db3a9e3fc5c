"""The learning rate that is suggested after a divergence has been tried, and trains."""

import contextlib
from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.errors import DivergenceError
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import (
    describe,
    draw,
    flower_columns,
    line_columns,
    prepared,
    same_arrays,
)


def counts() -> dict[str, Column]:
    y = np.random.default_rng(0).poisson(3, 80)
    return {"x": NumericColumn(draw(80, seed=1)), "y": NumericColumn(y.astype(np.float64))}


def raw() -> dict[str, Column]:
    x, y = draw(80, seed=1), draw(80, seed=2)
    return {"x": NumericColumn(x * 1e3), "y": NumericColumn(y * 1e3)}


SGD = {"type": "sgd"}
MOMENTUM = {"type": "sgd", "momentum": 0.9}
ADAM = {"type": "adam"}
LINEAR = {"target": "y", "network": {"layers": []}}
DIVERGING: dict[str, tuple[dict[str, Column], dict[str, Any], dict[str, Any]]] = {
    "linear sgd": (line_columns(), LINEAR, SGD),
    "linear momentum": (line_columns(), LINEAR, MOMENTUM),
    "relu sgd": (line_columns(), {"target": "y"}, SGD),
    "relu momentum": (line_columns(), {"target": "y"}, MOMENTUM),
    "poisson adam": (counts(), {"target": "y", "task": "regression", "loss": "poisson"}, ADAM),
    "poisson sgd": (counts(), {"target": "y", "task": "regression", "loss": "poisson"}, SGD),
    "classes": (flower_columns(), {"target": "kind"}, SGD),
    "raw numbers": (
        raw(),
        {"target": "y", "preprocessing": {"numeric": "none", "target": "none"}},
        SGD,
    ),
}


def with_rate(spec: ResolvedSpec, rate: float) -> ResolvedSpec:
    """Return the spec with a learning rate, which may be above the largest of a request."""
    optimizer = spec.optimizer.model_copy(update={"learning_rate": rate})
    return spec.model_copy(update={"optimizer": optimizer})


def diverging(name: str, rate: float, **options: Any) -> tuple[ResolvedSpec, PreparedData]:
    columns, request, optimizer = DIVERGING[name]
    asked = request | {"optimizer": optimizer, "epochs": 20} | options
    spec, data = prepared(TrainingSpec.model_validate(asked), columns)
    return with_rate(spec, rate), data


def diverged(
    spec: ResolvedSpec, data: PreparedData, weights: dict[str, Any] | None = None
) -> Training:
    training = Training(spec, data, weights)
    with pytest.raises(DivergenceError):
        list(train(training))
    return training


@pytest.mark.parametrize("rate", [1e2, 1e3, 1e4, 1e6])
@pytest.mark.parametrize("name", DIVERGING)
def test_the_suggested_rate_trains(name: str, rate: float) -> None:
    spec, data = diverging(name, rate)
    search = diverged(spec, data).search_learning_rate()
    assert search.found is not None
    assert f"{search.found:g}" in search.advice
    records = list(train(Training(with_rate(spec, search.found), data)))
    assert records[-1].loss < records[0].loss


def signal() -> dict[str, Column]:
    """Return counts with a rate of exp(1 + x)."""
    x = draw(300, seed=1)
    y = np.random.default_rng(0).poisson(np.exp(1 + x))
    return {"x": NumericColumn(x), "y": NumericColumn(y.astype(np.float64))}


LEARNABLE: dict[str, tuple[dict[str, Column], dict[str, Any], str, float]] = {
    "numbers": (line_columns(240), {"target": "y"}, "validation_r2", 0.9),
    "classes": (flower_columns(240), {"target": "kind"}, "validation_accuracy", 0.9),
    "counts": (
        signal(),
        {"target": "y", "task": "regression", "loss": "poisson"},
        "validation_r2",
        0.3,
    ),
}


@pytest.mark.parametrize("optimizer", [SGD, MOMENTUM, ADAM, {"type": "rmsprop"}, {"type": "lion"}])
@pytest.mark.parametrize("name", LEARNABLE)
def test_a_training_with_the_suggested_rate_learns(name: str, optimizer: dict[str, Any]) -> None:
    """Not to diverge is not enough: a rate that is almost too high learns nothing."""
    columns, request, metric, least = LEARNABLE[name]
    asked = request | {"optimizer": {**optimizer, "learning_rate": 1000.0}}
    spec, data = prepared(TrainingSpec.model_validate(asked), columns)
    training = Training(spec, data)
    with contextlib.suppress(DivergenceError):
        list(train(training))
    search = training.search_learning_rate()
    assert search.found is not None
    *_, last = train(Training(with_rate(spec, search.found), data))
    value = last.metrics[metric]
    assert isinstance(value, float)
    assert value > least
    assert last.validation_loss == search.score


@pytest.mark.parametrize("schedule", ["one_cycle", {"type": "cosine", "warmup_epochs": 2}])
def test_the_rate_of_a_schedule_is_that_of_the_optimizer(schedule: object) -> None:
    spec, data = diverging("relu sgd", 1000.0, schedule=schedule)
    found = diverged(spec, data).search_learning_rate().found
    assert found is not None
    assert np.log10(found) == pytest.approx(round(np.log10(found)))
    list(train(Training(with_rate(spec, found), data)))


def test_trials_start_from_the_initial_weights() -> None:
    spec, data = diverging("relu sgd", 1000.0)
    initial = {name: 3 * array for name, array in Training(spec, data).weights().items()}
    training = diverged(spec, data, initial)
    training.restart(0.001)
    assert same_arrays(training.weights(), initial)
    other = Training(with_rate(spec, 0.001), data, initial)
    assert list(train(training)) == list(train(other))


def test_a_training_that_no_rate_helps_gets_no_number() -> None:
    """The rows are so far out that the first loss overflows, whatever the rate."""
    spec, data = diverging("raw numbers", 0.01)
    huge = np.full_like(data.x[0 : len(data.x)], 1e38)
    training = diverged(spec, PreparedData(**{**vars(data), "x": huge}))
    search = training.search_learning_rate()
    assert (search.ending, search.found) == ("hopeless", None)
    assert "scale the inputs" in search.advice


def test_a_loss_that_only_rises_gets_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.learning_rate.MAX_TRIALS", 3)
    spec, data = diverging("raw numbers", 1000.0, epochs=2)
    search = diverged(spec, data).search_learning_rate()
    assert (search.ending, search.found, search.rate) == ("none_found", None, 1.0)
    assert "down to 1 were tried without success" in search.advice


@pytest.mark.parametrize("calls", [0, 1, 5, 40])
def test_a_search_can_be_stopped_before_any_step(calls: int) -> None:
    spec, data = diverging("raw numbers", 1000.0)
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > calls

    search = diverged(spec, data).search_learning_rate(stop)
    assert (search.ending, search.found) == ("interrupted", None)
    assert asked == calls + 1
    assert "lack of time" in search.advice


def test_a_trial_is_longer_than_the_training_was() -> None:
    """At a hundredth of this rate the loss grows for 200 steps before it overflows."""
    spec, data = diverging("linear sgd", 100.0, epochs=500, batch_size="full")
    search = diverged(spec, data).search_learning_rate()
    assert search.found == 0.1
    assert search.steps == 500


@pytest.mark.parametrize("folds_done", [0, 1])
def test_a_fold_that_diverges_is_searched_with_its_own_rows(folds_done: int) -> None:
    columns = line_columns()
    request = LINEAR | {"validation": {"folds": 2}, "epochs": 20}
    request |= {"optimizer": SGD | {"learning_rate": 1000.0}}
    spec = resolve(TrainingSpec.model_validate(request), describe(columns)).spec

    def prepare_fold(fold: int | None) -> PreparedData:
        data = prepare(spec, MemoryTable(columns), fold=fold)
        if fold == folds_done:
            return data
        # Nothing to learn: no rate makes these diverge.
        zeros = {"x": np.zeros_like(data.x), "y": np.zeros_like(data.y)}
        return PreparedData(**{**vars(data), **zeros})

    folded = FoldedTraining(spec, prepare_fold)
    with pytest.raises(DivergenceError):
        list(train(folded))
    assert (folded.folds_done, folded.is_in_folds) == (folds_done, True)
    assert folded.search_learning_rate().found == 0.1
