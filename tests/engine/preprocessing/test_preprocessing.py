import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.data.table import CategoricalColumn, Column, FileConventions, NumericColumn
from engine.errors import DataError
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedTarget,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import EmbeddingTable
from tests.engine.examples import FLOAT64, Matrix, draw, fit, levels, numbers, truths

ADAPTER = TypeAdapter(Preprocessing)
NUMBER = FittedNumeric("n", center=10, scale=2, fill=14)
TRUTH = FittedBoolean("b", fill=0.25)
LEVELS = FittedCategories("c", ("red", "green"))
CODES = FittedCodes("c", ("red", "green"))


def transform(columns: dict[str, Column], *fitted: FittedColumn) -> Matrix:
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    return preprocessing.transform(columns, FLOAT64).astype(np.float64)


def test_numbers_are_scaled_and_missing_ones_filled() -> None:
    assert transform({"n": numbers(10, 14, None)}, NUMBER).tolist() == [[0], [2], [2]]


def test_boolean_is_one_column() -> None:
    assert transform({"b": truths(True, None, False)}, TRUTH).tolist() == [[1], [0.25], [0]]


def test_levels_are_matched_by_value_and_unknown_ones_are_zero() -> None:
    column = levels("green", "blue", None, "red")
    assert transform({"c": column}, LEVELS).tolist() == [[0, 1], [0, 0], [0, 0], [1, 0]]


def test_codes_count_from_one_and_unknown_ones_are_zero() -> None:
    column = levels("green", "blue", None, "red")
    assert transform({"c": column}, CODES).tolist() == [[2], [0], [0], [1]]
    assert transform({"c": numbers(None)}, CODES).tolist() == [[0]]
    assert transform({"c": levels("red", None)}, FittedCodes("c", ())).tolist() == [[0], [0]]


def test_unknown_levels_share_the_last_input() -> None:
    column = levels("green", "blue", None, "red", "pink")
    fitted = FittedCategories("c", ("red", "green"), rest=True, fill="red")
    x = transform({"c": column}, fitted)
    assert x.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 0, 1]]
    codes = FittedCodes("c", ("red", "green"), rest=True)
    assert transform({"c": column}, codes).tolist() == [[2], [3], [0], [1], [3]]
    filled = FittedCodes("c", ("red", "green"), fill="green")
    assert transform({"c": column}, filled).tolist() == [[2], [0], [2], [1], [0]]


def test_ordinal_is_the_scaled_index() -> None:
    fitted = FittedOrdinal("c", ("s", "m", "l"), center=1, scale=2, fill=0.5)
    column = levels("l", "xl", None, "s")
    assert transform({"c": column}, fitted).tolist() == [[0.5], [-0.25], [-0.25], [-0.5]]


def test_logarithm_is_taken_before_scaling() -> None:
    fitted = FittedNumeric("n", center=1, scale=2, fill=0, log=True)
    x = transform({"n": numbers(np.e**3 - 1, 1 - np.e, None)}, fitted)
    np.testing.assert_allclose(x, [[1.0], [-1.0], [-0.5]])


def test_indicator_follows_its_column() -> None:
    columns: dict[str, Column] = {
        "n": numbers(12, None),
        "c": levels(None, "red"),
        "b": truths(None, True),
        "o": levels("s", None),
        "t": numbers(None, 0),
        "m": numbers(None, 5),
    }
    x = transform(
        columns,
        FittedNumeric("n", 10, 2, 14, indicator=True),
        FittedCategories("c", ("red",), rest=True, indicator=True),
        FittedBoolean("b", 0.5, indicator=True),
        FittedOrdinal("o", ("s", "m"), 0, 1, 1, indicator=True),
        FittedTime("t", ("year",), 1970, 1, 0, indicator=True),
        FittedNumeric("m", 0, 1, 7, indicator=True),
    )
    assert x.tolist() == [
        [1, 0, 0, 0, 1, 0.5, 1, 0, 0, 0, 1, 7, 1],
        [2, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 5, 0],
    ]


def test_one_hot_columns_come_last_if_there_are_codes() -> None:
    columns: dict[str, Column] = {
        "c": levels("green"),
        "n": numbers(12),
        "k": levels("red"),
        "b": truths(True),
    }
    fitted = (LEVELS, NUMBER, FittedCodes("k", ("blue", "red")), TRUTH)
    assert transform(columns, *fitted).tolist() == [[1, 2, 1, 0, 1]]
    assert tables_of(fitted) == (EmbeddingTable(position=1, codes=3),)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [1e300, -1e300, 1e308, 5e4, np.inf])
def test_numbers_far_outside_the_training_range_are_clipped(dtype: type, value: float) -> None:
    plain = FittedNumeric("n", 0, 2, 0, minimum=-4, maximum=6)
    log = FittedNumeric("m", 0, 2, 0, log=True, minimum=-4, maximum=6)
    preprocessing = Preprocessing((plain, log), NumericTarget("y", 0, 1))
    x = preprocessing.transform({"n": numbers(value), "m": numbers(value)}, np.dtype(dtype))
    end = 10_006.0 if value > 0 else -10_004.0
    expected = [end / 2, np.sign(end) * np.log1p(abs(end)) / 2]
    np.testing.assert_allclose(x[0], expected, rtol=1e-6)


def test_constant_column_is_clipped_to_its_value() -> None:
    fitted = FittedNumeric("n", 3, 1, 3, minimum=3, maximum=3)
    assert transform({"n": numbers(3, 1e9, None)}, fitted).tolist() == [[0], [0], [0]]


def test_fill_value_is_not_clipped() -> None:
    fitted = FittedNumeric("n", 0, 1, -1e9, minimum=0, maximum=1)
    assert transform({"n": numbers(None)}, fitted).tolist() == [[-1e9]]


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=20),
    scaling=st.sampled_from(["standardize", "min_max", "robust", "log1p", "none"]),
)
def test_training_rows_are_never_clipped(values: list[float], scaling: str) -> None:
    fitted = fit(numbers(*values), numeric=scaling)
    assert isinstance(fitted, FittedNumeric)
    free = replace(fitted, minimum=None, maximum=None)
    column: dict[str, Column] = {"x": numbers(*values)}
    np.testing.assert_array_equal(transform(column, fitted), transform(column, free))


def test_codes_keep_their_position_between_numbers() -> None:
    columns: dict[str, Column] = {"n": numbers(12), "c": levels("green"), "m": numbers(1)}
    x = transform(columns, NUMBER, CODES, FittedNumeric("m", 0, 1, 0))
    assert x.tolist() == [[1, 2, 1]]


def test_columns_keep_their_positions() -> None:
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
def test_result_does_not_depend_on_row_blocks(rows: int, seed: int) -> None:
    values = draw(rows, 3, seed=seed)
    columns: dict[str, Column] = {f"n{i}": NumericColumn(values[:, i]) for i in range(3)}
    fitted = tuple(FittedNumeric(f"n{i}", center=i, scale=i + 1, fill=0) for i in range(3))
    expected = (values - [0, 1, 2]) / [1, 2, 3]
    np.testing.assert_array_equal(transform(columns, *fitted), expected)
    chosen = np.arange(rows)[::2]
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    some = preprocessing.transform(columns, FLOAT64, chosen)
    np.testing.assert_array_equal(some, expected[::2])


def test_a_column_of_missing_values_fits_any_kind() -> None:
    columns: dict[str, Column] = {"n": levels(None, None), "c": numbers(None, None)}
    assert transform(columns, NUMBER, LEVELS).tolist() == [[2, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "there is no column 'n'"),
        ({"n": levels("a")}, "has categories, but the model expects numbers"),
        ({"n": numbers(1e300)}, "has a number too large"),
        ({"n": numbers(float("inf"))}, "has a number too large"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, Column], reason: str) -> None:
    preprocessing = Preprocessing((NUMBER,), NumericTarget("y", 0, 1))
    with pytest.raises(DataError, match=reason):
        preprocessing.transform(columns, np.dtype(np.float32))


def test_numbers_for_a_categorical_column_are_refused() -> None:
    with pytest.raises(DataError, match="has numbers, but the model expects categories"):
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
    words = FileConventions(("n/a", "-"), ",", {"t": "%d.%m.%Y"})
    others = (
        FittedOrdinal("o", ("s", "m"), 0.5, 0.1, 1.0),
        FittedTime("t", ("year", "hour"), 2000, 3, 1e9, 0.0, 2e9, indicator=True),
        FittedText("w", 7),
        FittedNumeric("l", 0, 1, 2, log=True, minimum=-1e-7, maximum=1e300, indicator=True),
    )
    fitted = Preprocessing((NUMBER, TRUTH, LEVELS, CODES, *others), target, words)
    assert fitted.width == 5 + 1 + 4 + 7 + 2
    again = ADAPTER.validate_json(ADAPTER.dump_json(fitted))
    assert again == fitted
    if isinstance(target, ClassTarget) and isinstance(again.target, ClassTarget):
        assert [type(c) for c in again.target.classes] == [type(c) for c in target.classes]


def test_older_stored_preprocessing_still_loads() -> None:
    kept = {
        "columns": [
            {"name": "n", "center": 10.0, "scale": 2.0, "fill": 14.0, "type": "numeric"},
            {"name": "b", "fill": 0.25, "type": "boolean"},
            {"name": "c", "levels": ["red", "green"], "type": "levels"},
            {"name": "k", "levels": ["red", "green"], "type": "codes"},
        ],
        "target": {"name": "y", "center": 0.0, "scale": 1.0, "type": "number"},
    }
    loaded = ADAPTER.validate_python(kept)
    codes = replace(CODES, name="k")
    assert loaded == Preprocessing((NUMBER, TRUTH, LEVELS, codes), NumericTarget("y", 0, 1))
    assert loaded.words == FileConventions()


class CountedLevels(tuple[str, ...]):
    """Levels that count how many of them are looked at."""

    __slots__ = ()
    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        CountedLevels.looked_at += len(self)
        return super().__iter__()

    def __getitem__(self, index: Any) -> Any:
        CountedLevels.looked_at += 1
        return super().__getitem__(index)


@pytest.mark.parametrize("as_indices", [False, True], ids=["slice", "indices"])
def test_work_on_a_few_rows_does_not_depend_on_how_many_there_are(as_indices: bool) -> None:
    count = 500_000
    many = CountedLevels(str(code) for code in range(count))
    columns: dict[str, Column] = {
        "n": NumericColumn(np.linspace(0, 1, count)),
        "c": CategoricalColumn(np.arange(count, dtype=np.int32)[::-1], many),
    }
    fitted = (NUMBER, FittedCategories("c", ("3", "5")))
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    rows = np.arange(count - 9, count) if as_indices else slice(count - 9, count)
    preprocessing.transform(columns, FLOAT64, rows)
    CountedLevels.looked_at = 0
    tracemalloc.start()
    try:
        x = preprocessing.transform(columns, FLOAT64, rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.argwhere(x[:, 1:]).tolist() == [[3, 1], [5, 0]]
    assert CountedLevels.looked_at < 50
    assert peak < 50_000


@settings(max_examples=50)
@given(
    codes=st.lists(st.integers(-1, 19), max_size=12),
    rows=st.data(),
    fill=st.sampled_from([None, "7"]),
    rest=st.booleans(),
)
def test_a_few_rows_of_many_levels_are_encoded_as_in_the_whole(
    codes: list[int], rows: st.DataObject, fill: str | None, rest: bool
) -> None:
    column = CategoricalColumn(np.array(codes, np.int32), tuple(str(code) for code in range(20)))
    fitted = FittedCategories("c", ("7", "2", "11"), rest=rest, fill=fill, indicator=True)
    all_used = CategoricalColumn(np.array([*codes, *range(20)], np.int32), column.levels)
    whole = transform({"c": all_used}, fitted)[: len(codes)]
    start = rows.draw(st.integers(0, len(codes)))
    preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
    part = preprocessing.transform({"c": column}, FLOAT64, slice(start, None))
    np.testing.assert_array_equal(part, whole[start:])
