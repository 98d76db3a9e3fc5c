import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.errors import DataError
from engine.predictor import Predictor
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, flower_columns, line_columns, prepared
from tests.waiting import wait_for


def trained(columns: dict[str, Column], **options: Any) -> Predictor:
    spec, data = prepared(TrainingSpec.model_validate({"epochs": 40, **options}), columns)
    training = Training(spec, data)
    list(train(training))
    return Predictor(spec, data.preprocessing, training.weights())


def test_classes_are_predicted_as_probabilities() -> None:
    columns = flower_columns()
    probabilities = trained(columns, target="kind").predict(columns)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    labels = np.array(("aster", "iris", "rose"))[probabilities.argmax(axis=1)]
    kind = columns["kind"]
    assert isinstance(kind, CategoricalColumn)
    assert np.mean(labels == np.array(kind.levels)[kind.codes]) > 0.85


def test_binary_predictions_have_one_column_per_class() -> None:
    columns = line_columns()
    above = (draw(60, 2, seed=6)[:, 0] > 0).astype(np.int32)
    columns["y"] = CategoricalColumn(above, (False, True))
    probabilities = trained(columns, target="y", epochs=150).predict(columns)
    assert probabilities.shape == (60, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert np.mean(probabilities.argmax(axis=1) == above) > 0.9


def test_numbers_are_predicted_in_the_targets_unit() -> None:
    columns = line_columns()
    values = trained(columns, target="y", epochs=200).predict(columns)
    assert isinstance(columns["y"], NumericColumn)
    assert values.shape == (60,)
    assert np.corrcoef(values, columns["y"].values)[0, 1] > 0.99
    assert abs(values.mean() - columns["y"].values.mean()) < 2


def test_predictions_do_not_depend_on_the_chunk() -> None:
    predictor = trained(flower_columns(), target="kind", dtype="float64")
    columns = flower_columns(2500)
    whole = predictor.predict(columns)
    part = predictor.predict({name: last_rows(column, 10) for name, column in columns.items()})
    assert whole.shape == (2500, 3)
    np.testing.assert_allclose(whole[-10:], part)


def last_rows(column: Column, count: int) -> Column:
    if isinstance(column, NumericColumn):
        return NumericColumn(column.values[-count:])
    return CategoricalColumn(column.codes[-count:], column.levels)


def test_empty_input_gives_empty_predictions() -> None:
    predictor = trained(flower_columns(), target="kind", epochs=1)
    empty: dict[str, Column] = {name: NumericColumn(np.empty(0)) for name in ("length", "width")}
    assert predictor.predict(empty).shape == (0, 3)


def test_predictor_is_thread_safe() -> None:
    predictor, columns = trained(flower_columns(), target="kind", epochs=1), flower_columns()
    expected = predictor.predict(columns)
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: predictor.predict(columns), range(200)))
    assert all(np.array_equal(answer, expected) for answer in answers)


def test_a_small_request_gets_its_turn_between_the_chunks_of_a_large_one() -> None:
    predictor = trained(flower_columns(), target="kind", epochs=1)
    chunks, small = 3, flower_columns(3)
    granted: list[int] = []
    network = predictor._network
    predict = network.predict

    def noting(x: Floats) -> Floats:
        granted.append(len(x))
        return predict(x)

    network.predict = noting  # type: ignore[method-assign]
    lock = predictor._lock
    with ThreadPoolExecutor(2) as threads:
        with lock:
            large = threads.submit(predictor.predict, flower_columns(chunks * 1024))
            wait_for(lambda: lock.waiting == 1)
            other = threads.submit(predictor.predict, small)
            wait_for(lambda: lock.waiting == 2)
        assert large.result().shape == (chunks * 1024, 3)
        assert other.result().shape == (3, 3)
    assert granted == [1024, 3, 1024, 1024]


def test_predictors_that_share_weights_do_not_wait_for_each_other() -> None:
    predictor, columns = trained(flower_columns(), target="kind", epochs=1), flower_columns()
    other = predictor.share_weights()
    assert np.shares_memory(predictor._network.parameters, other._network.parameters)
    with predictor._lock, ThreadPoolExecutor(1) as pool:
        found = pool.submit(other.predict, columns).result(30)
    assert np.array_equal(found, predictor.predict(columns))


def column_values(columns: dict[str, Column], name: str) -> NDArray[np.float64]:
    column = columns[name]
    assert isinstance(column, NumericColumn)
    return column.values.copy()


def test_a_missing_column_is_refused() -> None:
    predictor = trained(flower_columns(), target="kind", epochs=1)
    with pytest.raises(DataError, match="no column 'width'"):
        predictor.predict({"length": NumericColumn(np.zeros(1))})


def test_numbers_far_beyond_the_training_rows_are_predicted() -> None:
    predictor = trained(line_columns(), target="y", epochs=1)
    outliers: dict[str, Column] = {name: NumericColumn(np.full(1, 3e38)) for name in ("a", "b")}
    assert np.isfinite(predictor.predict(outliers)).all()


def test_overflowing_outputs_are_rejected() -> None:
    spec, data = prepared(TrainingSpec(target="y"), line_columns())
    weights = Training(spec, data).weights()
    huge = {name: np.full_like(array, 1e38) for name, array in weights.items()}
    with pytest.raises(DataError, match="not finite"):
        Predictor(spec, data.preprocessing, huge).predict(line_columns())


def test_only_rows_that_overflow_are_held_in_the_range() -> None:
    columns = line_columns()
    spec, data = prepared(TrainingSpec(target="y"), columns)
    weights = Training(spec, data).weights()
    # Finite within the range of the training rows, not at a thousand times it.
    huge = {name: np.full_like(array, 1e17) for name, array in weights.items()}
    predictor = Predictor(spec, data.preprocessing, huge)
    usual = predictor.answer(columns)
    far = {name: NumericColumn(column_values(columns, name)) for name in ("a", "b")}
    far["a"].values[7] = 1e300
    answers = predictor.answer(far)
    assert usual.replaced == ()
    assert answers.replaced == ((7, 0),)
    assert np.isfinite(answers.values).all()
    np.testing.assert_array_equal(np.delete(answers.values, 7), np.delete(usual.values, 7))


def test_probabilities_and_scores_are_distinguished() -> None:
    columns = flower_columns()
    for loss, expected in (("cross_entropy", True), ("hinge", False)):
        predictor = trained(columns, target="kind", epochs=1, loss=loss)
        assert predictor.gives_probabilities is expected


def test_gaussian_predicts_mean_and_deviation_in_the_targets_unit() -> None:
    columns = line_columns(400, noise=20.0)
    predictor = trained(columns, target="y", loss="gaussian", epochs=60, network={"layers": []})
    answers = predictor.answer(columns)
    assert isinstance(columns["y"], NumericColumn)
    assert answers.deviations is not None
    assert answers.values.shape == answers.deviations.shape == (400,)
    errors = answers.values - columns["y"].values
    assert answers.deviations.mean() == pytest.approx(errors.std(), rel=0.25)
    np.testing.assert_array_equal(predictor.predict(columns), answers.values)
    assert trained(columns, target="y", epochs=1).answer(columns).deviations is None


def test_counts_are_predicted_as_positive_expected_values() -> None:
    columns = line_columns()
    counts = np.random.default_rng(0).poisson(np.exp(draw(60, 2, seed=6)[:, 0]))
    columns["y"] = NumericColumn(counts.astype(np.float64))
    values = trained(columns, target="y", task="regression", loss="poisson").predict(columns)
    assert values.min() > 0


def test_embedding_predicts_known_and_unknown_categories() -> None:
    columns = flower_columns()
    columns["x"] = columns.pop("kind")
    columns["y"] = NumericColumn(np.tile([0.0, 10.0, 20.0], 30))
    network = {"layers": [{"type": "embedding", "dimension": 4}]}
    fast = {"type": "adam", "learning_rate": 0.1}
    predictor = trained(columns, target="y", task="regression", network=network, optimizer=fast)
    assert isinstance(columns["y"], NumericColumn)
    np.testing.assert_allclose(predictor.predict(columns), columns["y"].values, atol=1)
    unknown = columns | {"x": CategoricalColumn(np.full(90, 0, np.int32), ("lily",))}
    assert np.isfinite(predictor.predict(unknown)).all()


def test_linear_output_returns_raw_scores() -> None:
    columns = flower_columns()
    network = {"output": {"activation": "linear"}}
    scores = trained(columns, target="kind", network=network).predict(columns)
    assert scores.shape == (90, 3)
    assert scores.min() < 0


def test_bytes_bound_what_a_predictor_holds_and_do_not_change() -> None:
    columns = flower_columns(1500)
    wide = {"layers": [{"type": "dense", "units": 500}, {"type": "dense", "units": 300}]}
    asked = TrainingSpec.model_validate({"target": "kind", "network": wide})
    spec, data = prepared(asked, columns)
    weights = Training(spec, data).weights()
    tracemalloc.start()
    try:
        predictor = Predictor(spec, data.preprocessing, weights)
        promised = predictor.nbytes
        predictor.predict(columns)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert predictor.nbytes == promised
    assert 0.8 * promised <= held <= promised + 2**17


def test_each_chunk_looks_at_its_own_rows_alone() -> None:
    """A column of categories without any value comes as numbers, and all of them are looked at."""
    columns = flower_columns()
    columns["x"] = columns.pop("kind")
    predictor = trained(columns, target="length", task="regression", epochs=1)
    rows = 20 * 1024
    values = np.full(rows, np.nan).view(CountedArray)
    CountedArray.elements = 0
    many: dict[str, Column] = {
        "width": NumericColumn(np.zeros(rows)),
        "x": NumericColumn(values),
    }
    assert predictor.predict(many).shape == (rows,)
    assert rows <= CountedArray.elements < 3 * rows


class CountedArray(np.ndarray):
    """An array that counts how many of its elements are looked at by functions of NumPy."""

    elements = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        CountedArray.elements += self.size
        plain = [np.asarray(given) for given in inputs]
        return getattr(ufunc, method)(*plain, **options)
