"""Rows of requests as records: objects, arrays, and arrays nested as the inputs of the model."""

from typing import Any

import pytest

from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.serializers.model_columns import NO_RULES, ColumnRules, ModelColumns
from service.serializers.records import RecordReader

NAMES = ["a", "b", "c", "d"]
FLAT = {"a": 1, "b": 2, "c": 3, "d": 4}


def read(rows: list[Any], shape: tuple[int, ...] | None = None) -> list[Any]:
    return RecordReader(ModelColumns(NAMES, {"y"}, None), shape).read(rows)


def refuse(rows: list[Any], shape: tuple[int, ...] | None = None) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidRowsError) as raised:
        read(rows, shape)
    return [(problem.pointer, problem.code, problem.detail) for problem in raised.value.errors]


def test_objects_and_arrays_are_rows() -> None:
    assert read([[1, 2, 3, 4], {"a": 1, "y": 0}]) == [FLAT, {"a": 1, "y": 0}]


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        ((2, 2, 1), [[[1], [2]], [[3], [4]]]),
        ((2, 2, 1), [[1, 2], [3, 4]]),
        ((1, 2, 2), [[[1, 2], [3, 4]]]),
        ((4, 1), [[1], [2], [3], [4]]),
        ((4, 1), [1, 2, 3, 4]),
        ((2, 2), [1, 2, 3, 4]),
    ],
)
def test_array_may_be_nested_in_the_models_shape(shape: tuple[int, ...], row: list[Any]) -> None:
    assert read([row], shape) == [FLAT]


@pytest.mark.parametrize("row", [[[1, 2], [3]], [[1, 2, 3, 4]], [[[1, 2], [3, 4]]], [[], []]])
def test_array_of_another_shape_is_refused_once(row: list[Any]) -> None:
    ((pointer, code, detail),) = refuse([[1, 2, 3, 4], row], (2, 2, 1))
    assert (pointer, code) == ("/rows/1", "wrong_shape")
    assert "one array of 4 values is expected, row by row" in detail
    assert "2 × 2 × 1" in detail


def test_nested_array_without_a_shape_is_refused_once() -> None:
    ((pointer, code, detail),) = refuse([[[1, 2], [3, 4]]])
    assert (pointer, code) == ("/rows/0", "wrong_shape")
    assert detail == "one array of 4 values is expected"


@pytest.mark.parametrize("rows", [[1, 2, "red"], [0] * 64, [None]])
def test_flat_row_is_refused_with_one_message(rows: list[Any]) -> None:
    ((pointer, code, detail),) = refuse(rows)
    assert (pointer, code) == ("/rows", "not_a_row")
    assert "[[…], […]]" in detail


def test_each_row_that_is_not_one_is_named() -> None:
    rows: list[Any] = [[1, 2, 3, 4], 5, [1, 2], {"a": 1, "e/f": 2}]
    assert [(pointer, code) for pointer, code, _ in refuse(rows)] == [
        ("/rows/1", "not_a_row"),
        ("/rows/2", "wrong_length"),
        ("/rows/3/e~1f", "unknown_column"),
    ]
    assert len(refuse([[1]] * 100)) == MAX_PROBLEMS


COMPLETE = ModelColumns(NAMES, {"y"}, incomplete=["d"])


def absent(rows: list[Any], rules: ColumnRules = NO_RULES) -> list[str]:
    with pytest.raises(InvalidRowsError) as raised:
        RecordReader(COMPLETE, None).read(rows, rules)
    return [f"{problem.pointer} {problem.detail}" for problem in raised.value.errors]


def test_absent_columns_are_compared_with_the_unknown_ones_of_the_first_rows() -> None:
    rows = [{"a": 1, "b": 2, "C.": 3}, {"a": 1, "b": 2}]
    found = absent(rows, ColumnRules(extra="ignore"))
    assert found == [
        "/rows no row has 'c', which had no missing values in training; did you mean it by 'C.'? "
        "missing_columns=impute imputes it"
    ]
    assert RecordReader(COMPLETE, None).read([*rows, {"c": 1}], ColumnRules(extra="ignore"))


@pytest.mark.parametrize("row", [[1, 2, 3, 4], {"a": 1, "b": 1, "c": None}])
def test_one_row_with_a_column_is_enough(row: Any) -> None:
    assert len(RecordReader(COMPLETE, None).read([{}, row, {}])) == 3


def test_rows_that_lack_columns_are_problems_beside_others() -> None:
    rows = [{"a": 1, "x": 1}, dict.fromkeys([*NAMES, "y"], 1), {}]
    assert absent(rows, ColumnRules(missing="error", extra="error")) == [
        "/rows/0 the row lacks 'b', 'c', 'd'",
        "/rows/0/x not a feature of the model; extra_columns=ignore accepts it",
        "/rows/1/y a column of the dataset, but not a feature of the model; it is ignored without "
        "extra_columns=error",
        "/rows/2 the row lacks 'a', 'b', 'c' and 1 more",
    ]


def test_number_of_problems_of_columns_is_bounded() -> None:
    names = [f"p{n}" for n in range(1000)]
    wide = RecordReader(ModelColumns(names, (), incomplete=()), None)
    for row in ({}, {f"q{n}": 1 for n in range(1000)}):
        with pytest.raises(InvalidRowsError) as raised:
            wide.read([row] * 3)
        assert len(raised.value.errors) == MAX_PROBLEMS


def test_absent_values_are_found_beside_other_columns() -> None:
    records: list[dict[str, Any]] = [{"a": 1, "c": None, "y": 2, "d": 3, "x": 4}, FLAT]
    found = RecordReader(COMPLETE, None).find_absent(records)
    assert found.tolist() == [[False, True, False, False], [False] * 4]
