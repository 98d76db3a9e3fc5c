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
from tests.engine.examples import array, levels, numbers, prepared, truths

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
    assert (data.sample_weights, data.sample_weights_validation) == (None, None)


def test_class_weights_are_not_those_of_metrics() -> None:
    data = prepare_rows(THREE_TO_ONE, class_weight={"b": 5.0})
    assert data.weights is not None
    assert data.sample_weights is None


def test_sample_weights_alone_are_one_array_for_loss_and_metrics() -> None:
    columns = THREE_TO_ONE | {"w": numbers(1, 0, 2, 3)}
    data = prepare_rows(columns, sample_weight="w")
    assert data.weights is data.sample_weights
    np.testing.assert_allclose(array(data.weights), np.array([1, 0, 2, 3]) / 1.5)


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
    data = prepare_rows(columns, class_weight={"b": 2.0}, sample_weight="w", dtype="float64")
    np.testing.assert_allclose(array(data.weights), np.array([1, 0, 4, 3]) / 2)
    np.testing.assert_allclose(array(data.sample_weights), np.array([1, 0, 2, 3]) / 1.5)
    assert array(data.weights).dtype == array(data.sample_weights).dtype == np.float64


def test_regression_rows_can_be_weighted() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3), "y": numbers(5, None, 7)}
    found = weights(columns | {"w": numbers(1, 9, 3)}, sample_weight="w")
    np.testing.assert_allclose(found, [0.5, 1.5])


BY_PART: dict[str, Column] = {
    "x": numbers(*range(6)),
    "y": levels("a", "b", "a", "a", "b", "a"),
    "w": numbers(1, 2, 0, 30, 0, 10),
    "part": levels("train", "train", "train", "test", "test", "test"),
}
HELD_OUT = {"validation": {"column": "part"}, "sample_weight": "w", "features": ["x"]}


def test_weights_of_each_split_have_mean_1() -> None:
    data = prepare_rows(BY_PART, class_weight={"b": 3.0}, **HELD_OUT)
    np.testing.assert_allclose(array(data.weights), np.array([1, 6, 0]) * 3 / 7)
    np.testing.assert_allclose(array(data.sample_weights), [1, 2, 0])
    np.testing.assert_allclose(array(data.weights_validation), [2.25, 0, 0.75])
    np.testing.assert_allclose(array(data.sample_weights_validation), [2.25, 0, 0.75])
    assert array(data.weights_validation).dtype == np.float32


def test_class_weights_of_validation_rows_are_those_of_training() -> None:
    columns = BY_PART | {"y": levels("a", "b", "b", "a", "b", "a"), "w": numbers(*[1] * 6)}
    data = prepare_rows(columns, class_weight="balanced", **HELD_OUT)
    # Twice as many training rows are b, so that a weighs twice as much.
    np.testing.assert_allclose(array(data.weights), [1.5, 0.75, 0.75])
    np.testing.assert_allclose(array(data.weights_validation), [1.2, 0.6, 1.2])


def test_weights_of_another_dataset_may_have_another_scale() -> None:
    spec, _ = prepared(
        TrainingSpec(target="y", validation=None, sample_weight="w"),
        THREE_TO_ONE | {"w": numbers(1e-300, 1e-300, 1e-300, 1e-300)},
    )
    other = THREE_TO_ONE | {"w": numbers(1e300, 0, 1e300, 1e300)}
    tables = MemoryTable(THREE_TO_ONE | {"w": numbers(*[1e-300] * 4)}), MemoryTable(other)
    data = prepare(spec, tables[0], validation_table=tables[1])
    np.testing.assert_allclose(array(data.weights), 1)
    np.testing.assert_allclose(array(data.weights_validation), np.array([4, 0, 4, 4]) / 3)


@pytest.mark.parametrize("options", [{}, {"class_weight": {"a": 3.0}}])
def test_validation_rows_that_all_weigh_0_are_refused(options: dict[str, Any]) -> None:
    columns = BY_PART | {"w": numbers(1, 2, 3, 0, 0, 0)}
    with pytest.raises(DataError, match="all validation rows have weight 0"):
        prepare_rows(columns, **HELD_OUT, **options)


def test_validation_rows_of_classes_that_all_weigh_0_are_refused() -> None:
    columns = BY_PART | {"y": levels("a", "b", "a", "b", "b", "b")}
    with pytest.raises(DataError, match="all validation rows have weight 0"):
        prepare_rows(columns, class_weight={"b": 0.0}, **HELD_OUT)


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
