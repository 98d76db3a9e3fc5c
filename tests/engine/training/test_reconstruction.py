"""Trainings of autoencoders, and what their models answer."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn, take_rows
from engine.predictor import Predictor
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.fitted import InputsTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training import reconstruction_errors
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingProtocol, train
from engine.training.training import Training
from tests.engine.examples import (
    ListedRows,
    allocate_elsewhere,
    array,
    flower_columns,
    levels,
    numbers,
    prepared,
    same_arrays,
)

ROWS = 400


def sizes() -> dict[str, Column]:
    """Return sizes on a curve, with their kind: one number determines the row."""
    size = np.random.default_rng(0).uniform(-2, 2, ROWS)
    return {
        "size": NumericColumn(size),
        "weight": NumericColumn(size**3 + 10),
        "double": NumericColumn(2 * size),
        "kind": CategoricalColumn((size > 0).astype(np.int32), ("small", "large")),
    }


def ask(columns: dict[str, Column], **options: Any) -> tuple[ResolvedSpec, PreparedData]:
    asked = {"task": "reconstruction", "epochs": 2, **options}
    return prepared(TrainingSpec.model_validate(asked), columns)


def finish(training: TrainingProtocol) -> None:
    list(train(training))


def predictor_of(spec: ResolvedSpec, training: TrainingProtocol) -> Predictor:
    return Predictor(spec, training.model_preprocessing(), training.weights())


def quantiles_of(preprocessing: Preprocessing) -> tuple[float, ...]:
    assert isinstance(preprocessing.target, InputsTarget)
    assert preprocessing.target.error_quantiles is not None
    return preprocessing.target.error_quantiles


@pytest.fixture(scope="module")
def trained() -> tuple[ResolvedSpec, Training]:
    spec, data = ask(sizes(), epochs=30, validation=None, dtype="float64")
    training = Training(spec, data)
    finish(training)
    return spec, training


def test_inputs_serve_as_targets_without_a_copy() -> None:
    _, data = ask(sizes())
    assert data.y is data.x
    assert data.y_validation is data.x_validation
    assert len(data.training.distinct) == 1
    batch = data.training.read(slice(3))
    assert batch.y is batch.x


@pytest.mark.parametrize("batch_size", [7, "full"])
def test_rows_in_files_are_read_once_and_give_the_same_bits(batch_size: int | str) -> None:
    columns = sizes()
    spec, data = ask(columns, batch_size=batch_size)
    elsewhere = prepare(spec, MemoryTable(columns, chunk_rows=11), allocate=allocate_elsewhere)
    assert elsewhere.y is elsewhere.x
    weights = []
    for rows in (data, elsewhere):
        training = Training(spec, rows)
        finish(training)
        weights.append(training.weights())
        assert quantiles_of(training.model_preprocessing())
    assert same_arrays(*weights)


def test_score_of_a_training_row_is_its_rank(trained: tuple[ResolvedSpec, Training]) -> None:
    found = predictor_of(*trained).reconstruct(sizes())
    assert found.scores is not None
    ranks = found.errors.argsort().argsort()
    np.testing.assert_allclose(found.scores, ranks / (ROWS - 1), atol=1 / ROWS)


def test_errors_are_those_of_the_reported_loss(trained: tuple[ResolvedSpec, Training]) -> None:
    spec, training = trained
    found = predictor_of(spec, training).reconstruct(sizes())
    x = array(ask(sizes(), validation=None, dtype="float64")[1].x)
    outputs = predictor_of(spec, training).predict(sizes())
    np.testing.assert_allclose(found.errors, ((outputs - x) ** 2).mean(axis=1), rtol=1e-12)
    quantiles = quantiles_of(training.model_preprocessing())
    np.testing.assert_allclose(quantiles, np.sort(found.errors), rtol=1e-9)
    widths = np.array([1, 1, 1, 2])
    np.testing.assert_allclose(found.column_errors @ widths / 5, found.errors, rtol=1e-12)


def test_a_row_off_the_curve_is_an_anomaly(trained: tuple[ResolvedSpec, Training]) -> None:
    # Each value alone is usual, but the weight belongs to the opposite size.
    planted: dict[str, Column] = {
        "size": numbers(1.5, -1.2),
        "weight": numbers(10 - 1.5**3, 10 + 1.2**3),
        "double": numbers(3, -2.4),
        "kind": levels("large", "small"),
    }
    found = predictor_of(*trained).reconstruct(planted)
    assert found.scores is not None
    assert found.scores.min() > 0.99


def test_rows_are_reconstructed_in_their_units(trained: tuple[ResolvedSpec, Training]) -> None:
    columns = sizes()
    values = dict(zip(columns, predictor_of(*trained).reconstruct(columns).values, strict=True))
    weight, kind = columns["weight"], columns["kind"]
    assert isinstance(weight, NumericColumn)
    assert isinstance(kind, CategoricalColumn)
    close = np.asarray(values["weight"], np.float64) - weight.values
    assert np.sqrt(np.mean(close**2)) < 0.5 * weight.values.std()
    expected = [kind.levels[code] for code in kind.codes.tolist()]
    assert np.mean([a == b for a, b in zip(values["kind"], expected, strict=True)]) > 0.95


def test_quantiles_are_of_the_weights_that_are_kept() -> None:
    # No epoch is better than the first by so much.
    stopping = {"patience": 9, "min_delta": 1000, "restore_best": True}
    spec, data = ask(sizes(), early_stopping=stopping, epochs=3, dtype="float64")
    training = Training(spec, data)
    finish(training)
    assert training.epochs_since_best == 2
    parameters = training.state().arrays["parameters"]
    found = predictor_of(spec, training).reconstruct(sizes())
    lowest = quantiles_of(training.model_preprocessing())[0]
    assert np.isclose(found.errors, lowest, rtol=1e-9).any()
    # Measuring leaves the training as it was.
    np.testing.assert_array_equal(training.state().arrays["parameters"], parameters)


def test_of_many_rows_evenly_spaced_blocks_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconstruction_errors, "MAX_ROWS", 60)
    monkeypatch.setattr(reconstruction_errors, "_BLOCK_ROWS", 20)
    spec, data = ask(sizes(), validation=None)
    rows = ListedRows(array(data.x))
    training = Training(spec, replace(data, x=rows, y=rows))
    rows.asked.clear()
    assert len(quantiles_of(training.model_preprocessing())) == 60
    assert rows.asked == [(0, 20), (190, 210), (380, 400)]


def test_there_are_no_quantiles_of_weights_that_overflow() -> None:
    spec, data = ask(sizes(), validation=None)
    training = Training(spec, data)
    huge = {name: np.full_like(array, 1e38) for name, array in training.weights().items()}
    target = Training(spec, data, huge).model_preprocessing().target
    assert target == InputsTarget(None)


def test_fold_networks_and_the_final_one_have_quantiles_of_their_own_rows() -> None:
    columns = flower_columns(60)
    spec, _ = ask(columns, validation={"folds": 3}, epochs=1)

    def prepare_fold(fold: int | None) -> PreparedData:
        return prepare(spec, MemoryTable(columns), fold=fold)

    training = FoldedTraining(spec, prepare_fold)
    assert len(quantiles_of(training.model_preprocessing())) == 40
    finish(training)
    assert len(quantiles_of(training.model_preprocessing())) == 60


def test_a_category_without_training_rows_has_neither_input_nor_output() -> None:
    columns = flower_columns(60)
    kind = columns["kind"]
    assert isinstance(kind, CategoricalColumn)
    kind.codes[:] = np.where(np.arange(60) < 50, kind.codes % 2, kind.codes)
    columns["order"] = NumericColumn(np.arange(60.0))
    validation = {"fraction": 1 / 6, "order_by": "order"}
    spec, data = ask(columns, validation=validation, features=["length", "kind"])
    assert (spec.network.output.units, data.preprocessing.width) == (4, 3)
    training = Training(spec, data)
    finish(training)
    assert training.weights()["output.weight"].shape[1] == 3
    found = predictor_of(spec, training).reconstruct(columns)
    assert found.column_errors.shape == (60, 2)


def test_test_rows_are_reconstructed_with_the_weights_that_are_kept() -> None:
    spec, data = ask(sizes(), test={"fraction": 0.2}, epochs=1)
    assert data.test is not None
    assert data.test.y is data.test.x
    training = Training(spec, data)
    finish(training)
    found = training.test_metrics()
    assert found is not None
    assert found.keys() == {"loss", *spec.metrics}
    outputs = training._loop.network.predict(array(data.test.x))
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((outputs - array(data.test.x)) ** 2)))


def test_continued_training_measures_its_own_errors() -> None:
    columns = sizes()
    spec, data = ask(columns, epochs=1, validation=None)
    known = replace(data.preprocessing, target=InputsTarget((0.0, 1.0)))
    again = prepare(spec, MemoryTable(columns), known)
    assert again.preprocessing.target == InputsTarget(None)
    assert again.preprocessing.columns == known.columns


def test_sample_weights_weigh_rows() -> None:
    columns = sizes()
    weight = np.where(np.arange(ROWS) < ROWS // 2, 1.0, 0.0)
    columns["w"] = NumericColumn(weight)
    options: dict[str, Any] = {"features": list(sizes()), "validation": None, "shuffle": False}
    spec, data = ask(columns, sample_weight="w", batch_size="full", **options)
    weighted = Training(spec, data)
    finish(weighted)
    half = {name: take_rows(column, slice(0, ROWS // 2)) for name, column in columns.items()}
    _, fewer = ask(half, batch_size="full", **options)
    same_scale = replace(fewer, x=array(data.x)[: ROWS // 2], y=array(data.x)[: ROWS // 2])
    alone = Training(spec.model_copy(update={"sample_weight": None}), same_scale)
    finish(alone)
    for name, values in weighted.weights().items():
        np.testing.assert_allclose(values, alone.weights()[name], rtol=1e-3, atol=1e-5)


def test_missing_values_are_reconstructed_as_imputed() -> None:
    columns: dict[str, Column] = {"a": numbers(1, 2, None, 3), "b": numbers(4, 5, 6, 7)}
    _, data = ask(columns, validation=None)
    x = array(data.x)
    assert x[2, 0] == pytest.approx(0)
    assert not math.isnan(x.sum())
