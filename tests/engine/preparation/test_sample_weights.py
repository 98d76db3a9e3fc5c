"""Sample weights."""

from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.data.table import Column, MemoryTable
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import TrainingSpec
from tests.engine.examples import array, flower_columns, levels, numbers, prepared, truths

THREE_TO_ONE: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": levels("a", "a", "b", "a")}


def prepare_rows(columns: dict[str, Column], **options: Any) -> PreparedData:
    spec = {"target": "y", "validation": None, **options}
    return prepared(TrainingSpec.model_validate(spec), columns)[1]


def weights(columns: dict[str, Column], **options: Any) -> Floats:
    found = array(prepare_rows(columns, **options).weights)
    assert found.mean() == pytest.approx(1)
    return found


def test_rows_are_unweighted_by_default() -> None:
    data = prepare_rows(THREE_TO_ONE)
    assert (data.weights, data.weights_validation) == (None, None)


def test_balanced_classes_have_the_same_sum() -> None:
    found = weights(THREE_TO_ONE, class_weight="balanced")
    np.testing.assert_allclose(found, [4 / 6, 4 / 6, 4 / 2, 4 / 6])


def test_unlisted_classes_have_weight_one() -> None:
    found = weights(THREE_TO_ONE, class_weight={"b": 5.0})
    np.testing.assert_allclose(found, np.array([1, 1, 5, 1]) / 2)


@pytest.mark.parametrize(
    ("target", "named"),
    [
        (truths(True, True, False, True), "false"),
        (truths(True, True, False, True), " FALSE"),
        (truths(True, True, False, True), "no"),
        (numbers(3, 3, 2, 3), "2"),
        (numbers(3, 3, 2, 3), "2.0"),
        (levels("a", "a", "b", "a"), "b "),
    ],
)
def test_classes_are_named_in_the_words_of_the_file(target: Column, named: str) -> None:
    columns = THREE_TO_ONE | {"y": target}
    found = weights(columns, class_weight={named: 5.0}, task="classification")
    np.testing.assert_allclose(found, np.array([1, 1, 5, 1]) / 2)


def test_sample_weights_multiply_those_of_classes() -> None:
    columns = THREE_TO_ONE | {"w": numbers(1, 0, 2, 3)}
    found = weights(columns, class_weight={"b": 2.0}, sample_weight="w", dtype="float64")
    np.testing.assert_allclose(found, np.array([1, 0, 4, 3]) / 2)
    assert found.dtype == np.float64


def test_regression_rows_can_be_weighted() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3), "y": numbers(5, None, 7)}
    found = weights(columns | {"w": numbers(1, 9, 3)}, sample_weight="w")
    np.testing.assert_allclose(found, [0.5, 1.5])


def test_validation_weights_are_on_the_training_scale() -> None:
    columns = flower_columns()
    columns["w"] = numbers(*(float(row) for row in range(90)))
    spec = TrainingSpec(target="kind", sample_weight="w", features=("length",))
    _, data = prepared(spec, columns)
    weights, weights_validation = array(data.weights), array(data.weights_validation)
    assert weights.dtype == weights_validation.dtype == np.float32
    both = np.sort(np.concatenate((weights, weights_validation)))
    np.testing.assert_allclose(both / both[1], np.arange(90), rtol=1e-5)
    assert weights.mean() == pytest.approx(1)


def test_huge_weights_do_not_overflow() -> None:
    columns = THREE_TO_ONE | {"w": numbers(1.7e308, 1.7e308, 0.85e308, 0)}
    np.testing.assert_allclose(weights(columns, sample_weight="w"), [1.6, 1.6, 0.8, 0])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"class_weight": {"c": 2.0}}, "names 'c'; the classes are a, b"),
        ({"class_weight": {"a": 0.0}, "sample_weight": "w"}, "all training rows have weight 0"),
    ],
)
def test_invalid_class_weights_are_refused(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        prepare_rows(THREE_TO_ONE | {"w": numbers(1, 1, 0, 1)}, **options)


@pytest.mark.parametrize("wrong", [numbers(1, -1, 1, 1), numbers(1, None, 1, 1)])
def test_invalid_sample_weights_missed_by_the_schema_are_refused(wrong: Column) -> None:
    spec, _ = prepared(
        TrainingSpec(target="y", validation=None, sample_weight="w"),
        THREE_TO_ONE | {"w": numbers(1, 1, 1, 1)},
    )
    with pytest.raises(DataError, match="'w' has a weight that is missing or negative"):
        prepare(spec, MemoryTable(THREE_TO_ONE | {"w": wrong}))
