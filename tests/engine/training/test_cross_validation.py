"""Cross-validation and the final network."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.fold_summary import summarize
from engine.training.loop import TrainingState, train
from engine.training.progress import EpochRecord
from engine.training.training import Training
from tests.engine.examples import flower_columns, line_columns, prepared, same_arrays
from tests.engine.training.test_training import after

FOLDS = 3


def make(columns: dict[str, Column] | None = None, **options: Any) -> FoldedTraining:
    columns = columns or flower_columns()
    asked = {"target": "kind", "validation": {"folds": FOLDS}, "epochs": 4, **options}
    spec, _ = prepared(TrainingSpec.model_validate(asked), columns)

    def prepare_fold(fold: int | None) -> PreparedData:
        return prepare(spec, MemoryTable(columns), fold=fold)

    return FoldedTraining(spec, prepare_fold)


def alone(fold: int | None, **options: Any) -> Training:
    """Train one of the networks by itself."""
    asked = {"target": "kind", "validation": {"folds": FOLDS}, "epochs": 4, **options}
    spec, _ = prepared(TrainingSpec.model_validate(asked), flower_columns())
    data = prepare(spec, MemoryTable(flower_columns()), fold=fold)
    if fold is None:
        spec = spec.model_copy(update={"validation": None, "early_stopping": None})
    return Training(spec, data)


def test_only_epochs_of_the_final_network_are_reported() -> None:
    training, last = make(), alone(None)
    records = list(train(training))
    assert records == list(train(last))
    assert [record.validation_loss for record in records] == [None] * 4
    assert same_arrays(training.weights(), last.weights())
    assert (training.rows, training.reason) == (90, "completed")
    assert training.steps_done == FOLDS * 4 * 2 + 4 * 3


def test_metrics_of_each_fold_are_those_of_a_network_trained_without_it() -> None:
    training = make()
    list(train(training))
    expected = []
    for fold in range(FOLDS):
        *_, record = train(alone(fold))
        expected.append(record.validation_loss)
    found = training.cross_validation
    assert found is not None
    assert found.folds == FOLDS
    assert set(found.metrics) == {"loss", "accuracy"}
    assert found.metrics["loss"]["values"] == expected
    assert found.metrics["loss"]["mean"] == pytest.approx(np.mean(np.array(expected)))
    assert found.metrics["loss"]["std"] == pytest.approx(np.std(np.array(expected)))


def test_regression_is_cross_validated() -> None:
    quick = {"type": "adam", "learning_rate": 0.05}
    training = make(line_columns(), target="y", metrics="all", epochs=20, optimizer=quick)
    list(train(training))
    found = training.cross_validation
    assert found is not None
    assert found.metrics["r2"]["mean"] > 0.5


def test_early_stopping_keeps_each_folds_best_and_sets_the_final_epochs() -> None:
    options: dict[str, Any] = {
        "optimizer": {"type": "adam", "learning_rate": 0.2},
        "early_stopping": {"patience": 2},
        "epochs": 100,
    }
    training = make(**options)
    records = list(train(training))
    best_epochs, best_losses = [], []
    for fold in range(FOLDS):
        losses = [record.validation_loss or 0.0 for record in train(alone(fold, **options))]
        best_epochs.append(int(np.argmin(losses)) + 1)
        best_losses.append(min(losses))
    assert len(records) == round(sum(best_epochs) / FOLDS) < 100
    assert training.reason == "early_stopping"
    assert training.cross_validation is not None
    assert training.cross_validation.metrics["loss"]["values"] == best_losses


def test_early_stopping_on_a_training_metric_applies_to_the_final_network() -> None:
    stopping = {"metric": "loss", "patience": 1, "min_delta": 1000.0}
    training = make(early_stopping=stopping, epochs=100)
    assert len(list(train(training))) == 2
    assert training.reason == "early_stopping"
    assert training.keeps_best


def resume(stops: list[int], **options: Any) -> tuple[FoldedTraining, list[EpochRecord]]:
    """Stop after each number of steps, and resume in a new training from JSON and arrays."""
    training, records = make(**options), []
    for steps in stops:
        records += list(train(training, after(steps)))
        state = training.state()
        numbers = json.loads(json.dumps(state.numbers, allow_nan=False))
        training = make(**options)
        training.restore(TrainingState(state.arrays, numbers))
    return training, records + list(train(training))


@settings(max_examples=15)
@given(
    stops=st.lists(st.integers(0, 30), min_size=1, max_size=3),
    stopping=st.sampled_from([None, {"patience": 1}, {"metric": "loss", "patience": 1}]),
)
def test_stopped_and_resumed_anywhere_ends_with_the_same_bits(
    stops: list[int], stopping: dict[str, Any] | None
) -> None:
    whole = make(early_stopping=stopping)
    expected = list(train(whole))
    training, records = resume(stops, early_stopping=stopping)
    assert records == expected
    assert training.cross_validation == whole.cross_validation
    assert training.steps_done == whole.steps_done
    assert same_arrays(training.weights(), whole.weights())
    assert training.state().numbers == whole.state().numbers


def test_repeats_are_further_folds_and_resume_with_the_same_bits() -> None:
    repeated: dict[str, Any] = {"validation": {"folds": 2, "repeats": 2}, "epochs": 2}
    whole = make(**repeated)
    expected = list(train(whole))
    found = whole.cross_validation
    assert found is not None
    assert found.folds == whole.folds_done == 4
    losses = []
    for fold in range(4):
        *_, record = train(alone(fold, **repeated))
        losses.append(record.validation_loss)
    assert found.metrics["loss"]["values"] == losses
    assert len(set(losses)) == 4
    for stop in (3, 6, 9, 13):
        training, records = resume([stop], **repeated)
        assert (records, training.cross_validation) == (expected, found)
        assert same_arrays(training.weights(), whole.weights())


@pytest.mark.parametrize("chosen", [{"order_by": "length"}, {"group_by": "group"}])
def test_ordered_and_grouped_folds_are_trained(chosen: dict[str, str]) -> None:
    columns = flower_columns() | {"group": NumericColumn(np.arange(90.0) // 7)}
    training = make(columns, validation={"folds": FOLDS} | chosen, epochs=1)
    assert len(list(train(training))) == 1
    assert training.cross_validation is not None
    assert training.rows == 90


def test_test_rows_are_evaluated_after_the_folds_only() -> None:
    training = make(test={"fraction": 0.2})
    assert training.test_metrics() is None
    list(train(training))
    found = training.test_metrics()
    assert found is not None
    assert found.keys() == {"loss", "accuracy"}
    assert training.rows == 72


def test_progress_is_available_at_any_time() -> None:
    training = make()
    assert (training.folds_done, training.steps_done, training.best) == (0, 0, None)
    list(train(training, after(8 + 3)))
    assert (training.folds_done, training.epoch, training.steps_done) == (1, 1, 10)
    assert training.is_in_folds
    assert training.cross_validation is None
    assert training.best is not None
    assert training.rows == 60


def test_caller_can_end_training_in_a_fold() -> None:
    training = make()
    list(train(training, after(5)))
    training.end("time_budget")
    assert training.reason == "time_budget"
    assert list(train(training)) == []
    assert training.preprocessing == alone(0).preprocessing
    assert training.weights().keys() == alone(0).weights().keys()


def test_fold_data_are_freed_before_the_next_are_prepared() -> None:
    training = make()
    prepare_fold, seen = training._prepare_fold, []

    def watch(fold: int | None) -> PreparedData:
        assert training._opened is None
        seen.append(fold)
        return prepare_fold(fold)

    training._prepare_fold = watch
    list(train(training))
    # First for the numbers and findings of the rows of all folds.
    assert seen == [None, 0, 1, 2, None]


def test_undefined_metric_is_none() -> None:
    found = summarize([{"loss": 1.0, "r2": 0.5}, {"loss": 3.0}]).metrics
    assert found["loss"] == {"mean": 2.0, "std": 1.0, "values": [1.0, 3.0]}
    assert found["r2"] == {"mean": 0.5, "std": 0.0, "values": [0.5, None]}


def test_deviation_of_huge_metrics_does_not_overflow() -> None:
    (found,) = summarize([{"mse": 1e200}, {"mse": 3e200}]).metrics.values()
    assert found["mean"] == pytest.approx(2e200)
    assert found["std"] == pytest.approx(1e200)
