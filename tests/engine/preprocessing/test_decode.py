"""Decoding of network inputs: the inverse of their encoding."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column
from engine.preprocessing.fitted import FittedCategories, FittedOrdinal, InputsTarget
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import FLOAT64, fit, levels, numbers, truths

SEVEN = numbers(-3, 0, 1, 1, 8, 900, 2)
COLOURS = levels("red", "blue", "red", "green", "grey", "red")


def round_trip(column: Column, **options: Any) -> list[Any]:
    preprocessing = Preprocessing((fit(column, **options),), InputsTarget())
    (values,) = preprocessing.decode(preprocessing.transform({"x": column}, FLOAT64))
    return values


@pytest.mark.parametrize("scaling", ["standardize", "min_max", "robust", "log1p", "none"])
def test_numbers_are_decoded_in_their_unit(scaling: str) -> None:
    np.testing.assert_allclose(round_trip(SEVEN, numeric=scaling), SEVEN.values, atol=1e-12)


def test_booleans_are_the_nearer_truth_value() -> None:
    assert round_trip(truths(True, False, True)) == [True, False, True]


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
def test_categories_are_decoded(encoding: str) -> None:
    expected = ["red", "blue", "red", "green", "grey", "red"]
    assert round_trip(COLOURS, categorical=encoding) == expected


def test_infrequent_categories_are_none_and_an_indicator_is_no_category() -> None:
    column = levels("red", "blue", "red", "green", "red", None)
    columns = {"x": {"missing_indicator": True}}
    assert round_trip(column, max_levels=2, columns=columns) == [
        "red",
        None,
        "red",
        None,
        "red",
        "red",
    ]


def test_the_largest_input_is_the_category() -> None:
    fitted = FittedCategories("x", ("blue", "red"))
    preprocessing = Preprocessing((fitted,), InputsTarget())
    assert preprocessing.decode(np.array([[-3.0, -2], [0.7, 0.6]])) == [["red", "blue"]]


def test_ordinals_are_the_nearest_category() -> None:
    fitted = FittedOrdinal("x", ("low", "mid", "high"), center=1, scale=2, fill=0)
    preprocessing = Preprocessing((fitted,), InputsTarget())
    inputs = np.array([[-9.0], [0.2], [0.3], [9], [np.inf]])
    assert preprocessing.decode(inputs) == [["low", "mid", "high", "high", "high"]]


def test_times_and_texts_have_no_value() -> None:
    columns = {"x": {"time": ["year", "month"]}}
    assert round_trip(numbers(0, 1e9), columns=columns) == [None, None]
    assert round_trip(levels("a b", "c"), columns={"x": {"hash_buckets": 4}}) == [None, None]


def test_numbers_beyond_float64_are_none() -> None:
    fitted = fit(SEVEN, numeric="log1p")
    preprocessing = Preprocessing((fitted,), InputsTarget())
    assert preprocessing.decode(np.array([[1e6]])) == [[None]]


def test_columns_without_categories_are_none() -> None:
    fitted = (FittedCategories("x", ()), FittedOrdinal("y", (), 0, 1, 0))
    assert Preprocessing(fitted, InputsTarget()).decode(np.zeros((1, 1))) == [[None], [None]]
