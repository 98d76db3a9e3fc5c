"""Rows of requests as records: objects, arrays, and arrays nested as the inputs of the model."""

from typing import Any

import pytest

from service.http.errors import InvalidRowsError
from service.serializers.model_columns import ModelColumns
from service.serializers.records import MAX_PROBLEMS, RecordReader

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
    assert "4 values in one array are expected, row by row" in detail
    assert "2 × 2 × 1" in detail


def test_nested_array_without_a_shape_is_refused_once() -> None:
    ((pointer, code, detail),) = refuse([[[1, 2], [3, 4]]])
    assert (pointer, code) == ("/rows/0", "wrong_shape")
    assert detail == "4 values in one array are expected"


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
