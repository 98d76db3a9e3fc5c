import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.errors import DataError
from engine.preprocessing import (
    ClassTarget,
    FittedBoolean,
    FittedCodes,
    FittedColumn,
    FittedLevels,
    FittedNumeric,
    FittedTarget,
    NumericTarget,
    Preprocessing,
)
from engine.tables import Column, NumericColumn
from tests.engine.examples import FLOAT64, Matrix, draw, levels, numbers, truths

ADAPTER = TypeAdapter(Preprocessing)
NUMBER = FittedNumeric("n", center=10, scale=2, fill=14)
TRUTH = FittedBoolean("b", fill=0.25)
LEVELS = FittedLevels("c", ("red", "green"))
CODES = FittedCodes("c", ("red", "green"))


def transform(columns: dict[str, Column], *fitted: FittedColumn) -> Matrix:
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    return preprocessing.transform(columns, FLOAT64).astype(np.float64)


def test_numbers_are_scaled_and_missing_ones_filled() -> None:
    assert transform({"n": numbers(10, 14, None)}, NUMBER).tolist() == [[0], [2], [2]]


def test_truth_is_one_column() -> None:
    assert transform({"b": truths(True, None, False)}, TRUTH).tolist() == [[1], [0.25], [0]]


def test_levels_are_matched_by_value_and_unknown_ones_are_zero() -> None:
    column = levels("green", "blue", None, "red")
    assert transform({"c": column}, LEVELS).tolist() == [[0, 1], [0, 0], [0, 0], [1, 0]]


def test_codes_count_from_one_and_unknown_ones_are_zero() -> None:
    column = levels("green", "blue", None, "red")
    assert transform({"c": column}, CODES).tolist() == [[2], [0], [0], [1]]
    assert transform({"c": numbers(None)}, CODES).tolist() == [[0]]
    assert transform({"c": levels("red", None)}, FittedCodes("c", ())).tolist() == [[0], [0]]


def test_codes_stand_between_numbers() -> None:
    columns: dict[str, Column] = {"n": numbers(12), "c": levels("green"), "m": numbers(1)}
    x = transform(columns, NUMBER, CODES, FittedNumeric("m", 0, 1, 0))
    assert x.tolist() == [[1, 2, 1]]


def test_columns_keep_their_places() -> None:
    columns: dict[str, Column] = {
        "c": levels("red", "green"),
        "n": numbers(12, 10),
        "b": truths(True, False),
        "m": numbers(1, 2),
    }
    fitted = (TRUTH, NUMBER, LEVELS, FittedNumeric("m", 0, 1, 0))
    x = transform(columns, *fitted)
    assert x.tolist() == [[1, 1, 1, 0, 1], [0, 0, 0, 1, 2]]


def test_result_is_contiguous_and_of_the_type_asked_for() -> None:
    preprocessing = Preprocessing((NUMBER, LEVELS), NumericTarget("y", 0, 1))
    columns: dict[str, Column] = {"n": numbers(1, 2), "c": levels("red", "red")}
    x = preprocessing.transform(columns, np.dtype(np.float32))
    assert x.dtype == np.float32
    assert x.flags.c_contiguous
    assert x.shape == (2, preprocessing.width) == (2, 3)


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 600), seed=st.integers(0, 5))
def test_blocks_of_rows_make_no_difference(rows: int, seed: int) -> None:
    values = draw(rows, 3, seed=seed)
    columns: dict[str, Column] = {f"n{i}": NumericColumn(values[:, i]) for i in range(3)}
    fitted = tuple(FittedNumeric(f"n{i}", center=i, scale=i + 1, fill=0) for i in range(3))
    expected = (values - [0, 1, 2]) / [1, 2, 3]
    np.testing.assert_array_equal(transform(columns, *fitted), expected)
    chosen = np.arange(rows)[::2]
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    some = preprocessing.transform(columns, FLOAT64, chosen)
    np.testing.assert_array_equal(some, expected[::2])


@pytest.mark.parametrize("category", [LEVELS, CODES])
def test_flags_tell_imputed_and_unknown_apart(category: FittedColumn) -> None:
    columns: dict[str, Column] = {
        "n": numbers(1, None, 3),
        "b": truths(True, True, None),
        "c": levels("blue", "red", None),
    }
    flags = Preprocessing((NUMBER, TRUTH, category), NumericTarget("y", 0, 1)).flags(columns)
    assert flags.imputed.tolist() == [
        [False, False, False],
        [True, False, False],
        [False, True, True],
    ]
    assert flags.unknown.tolist() == [[False, False, True], [False] * 3, [False] * 3]


def test_a_column_of_missing_values_fits_any_kind() -> None:
    columns: dict[str, Column] = {"n": levels(None, None), "c": numbers(None, None)}
    assert transform(columns, NUMBER, LEVELS).tolist() == [[2, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "there is no column 'n'"),
        ({"n": levels("a")}, "has categories where the model knows numbers"),
        ({"n": numbers(1e300)}, "has a number too large"),
        ({"n": numbers(float("inf"))}, "has a number too large"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, Column], reason: str) -> None:
    preprocessing = Preprocessing((NUMBER,), NumericTarget("y", 0, 1))
    with pytest.raises(DataError, match=reason):
        preprocessing.transform(columns, np.dtype(np.float32))


def test_numbers_for_levels_are_refused() -> None:
    with pytest.raises(DataError, match="has numbers where the model knows categories"):
        transform({"c": numbers(1)}, LEVELS)


@pytest.mark.parametrize(
    "target",
    [
        NumericTarget("y", 0.1, 1e-7),
        ClassTarget("y", (0, 3)),
        ClassTarget("y", (False, True)),
        ClassTarget("y", ("0", "true")),
        ClassTarget("y", (0.5, 2)),
    ],
)
def test_preprocessing_survives_json(target: FittedTarget) -> None:
    fitted = Preprocessing((NUMBER, TRUTH, LEVELS, CODES), target)
    assert fitted.width == 5
    again = ADAPTER.validate_json(ADAPTER.dump_json(fitted))
    assert again == fitted
    if isinstance(target, ClassTarget) and isinstance(again.target, ClassTarget):
        assert [type(c) for c in again.target.classes] == [type(c) for c in target.classes]
