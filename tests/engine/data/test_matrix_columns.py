"""Columns whose numbers are one matrix give the same inputs and flags as columns apart."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.matrix_columns import MatrixColumns, take_table_rows
from engine.data.table import Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fitted import (
    FittedCategories,
    FittedNumeric,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import draw, levels

ROWS = 600
FITTED = Preprocessing(
    (
        FittedNumeric("a", 0.1, 2.0, 0.5, minimum=-2.0, maximum=2.0, indicator=True),
        FittedCategories("kind", ("x", "y")),
        FittedTime("when", ("year", "hour"), 1970.0, 1.0, 0.0, 0.0, 1e6),
        FittedNumeric("b", 0.2, 0.5, 0.0, log=True, minimum=-1.0, maximum=1.0),
    ),
    NumericTarget("y", 0.0, 1.0),
)


def apart() -> dict[str, Column]:
    numbers = draw(ROWS, 3, seed=4)
    numbers[::7, 0] = np.nan
    numbers[5, 2] = 1e9
    return {
        "b": NumericColumn(numbers[:, 2].copy()),
        "a": NumericColumn(numbers[:, 0].copy()),
        "when": NumericColumn(numbers[:, 1] * 1e6),
        "kind": levels(*(["x", "y", "z", None][row % 4] for row in range(ROWS))),
    }


def as_matrix(columns: dict[str, Column]) -> MatrixColumns:
    names = FITTED.numeric_names
    arrays = [columns[name] for name in names]
    matrix = np.stack([c.values for c in arrays if isinstance(c, NumericColumn)], axis=1)
    return MatrixColumns(names, matrix, {"kind": columns["kind"]})


@pytest.mark.parametrize("rows", [slice(None), slice(3, 4), slice(200, 597)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inputs_and_flags_are_equal(rows: slice, dtype: str) -> None:
    columns = apart()
    one, other = take_table_rows(columns, rows), take_table_rows(as_matrix(columns), rows)
    inputs = [FITTED.transform(table, np.dtype(dtype)) for table in (one, other)]
    assert inputs[0].tobytes() == inputs[1].tobytes()
    flags = [FITTED.flags(table, np.dtype(dtype)) for table in (one, other)]
    for name in ("imputed", "unknown", "out_of_range", "untrained"):
        np.testing.assert_array_equal(getattr(flags[0], name), getattr(flags[1], name))
    assert flags[0].out_of_range.any() or len(inputs[0]) < ROWS / 2


def test_the_matrix_is_found_by_its_names_in_any_order() -> None:
    matrix = np.arange(6.0).reshape(2, 3)
    columns = MatrixColumns(("a", "b", "c"), matrix, {"t": levels("x", "y")})
    assert columns.find_matrix(("a", "b", "c")) is matrix
    np.testing.assert_array_equal(columns.find_matrix(("c", "a")), matrix[:, [2, 0]])
    assert columns.find_matrix(("a", "t")) is None
    assert list(columns) == ["a", "b", "c", "t"]
    assert len(columns) == 4


SCALED = (
    FittedNumeric("a", 0.1, 3.0, 0.0, minimum=-2.0, maximum=2.0),
    FittedNumeric("b", -0.7, 0.3, 0.0, minimum=0.0, maximum=1e9),
    FittedNumeric("c", 1e-3, 7.0, 0.0),
)
UNSCALED = tuple(
    FittedNumeric(name, 0.0, 1.0, 9.0, minimum=-2.0, maximum=2.0, clip_spans=0.5) for name in "abc"
)
NEARLY_UNSCALED = (
    *UNSCALED[:2],
    FittedNumeric("c", 0.0, 1.0, 9.0, minimum=-2.0, maximum=2.0, clip_spans=0.5, log=True),
)
LARGEST = float(np.finfo(np.float64).max)


@pytest.mark.parametrize("fitted", [SCALED, UNSCALED, NEARLY_UNSCALED])
@pytest.mark.parametrize("code", ["f2", "f4", "f8", "i8"])
@pytest.mark.parametrize(
    "unusual", [0, -4.0, 4.0, 4.001, -4.001, 2e4, np.nan, np.inf, -np.inf, LARGEST]
)
def test_numbers_in_range_have_the_bits_of_numbers_that_are_clipped(
    fitted: tuple[FittedNumeric, ...], code: str, unusual: float
) -> None:
    for rows in (1, 3, 600):
        require_equal(fitted, rows, code, unusual)


def require_equal(fitted: tuple[FittedNumeric, ...], rows: int, code: str, unusual: float) -> None:
    """Compare inputs and flags of a matrix, and of its columns apart."""
    numbers = np.clip(draw(rows, 3, seed=6), -2, 2)
    numbers[rows // 2, 2] = unusual
    with np.errstate(all="ignore"):
        matrix = numbers.astype(code)
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0.0, 1.0))
    names = preprocessing.numeric_names
    table = MatrixColumns(names, matrix, {})
    columns = {name: table[name] for name in names}
    for dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        inputs = [
            preprocessing.transform(one, dtype, allow_infinite=True) for one in (table, columns)
        ]
        assert inputs[0].tobytes() == inputs[1].tobytes()
        flags = [preprocessing.flags(one, dtype) for one in (table, columns)]
        np.testing.assert_array_equal(flags[0].out_of_range, flags[1].out_of_range)
        np.testing.assert_array_equal(flags[0].imputed, flags[1].imputed)
        is_flagged = flags[1].out_of_range.any() or flags[1].imputed.any()
        assert preprocessing.are_usual(table) == (not is_flagged)
        assert not preprocessing.are_usual(columns)


def test_integers_are_rounded_to_float64_first() -> None:
    # Above the middle of two float32 numbers, but at the middle in float64.
    matrix = np.array([[2**60 + 2**36 + 1]])
    preprocessing = Preprocessing((FittedNumeric("a", 0.0, 1.0, 0.0),), NumericTarget("y", 0.0, 1))
    inputs = preprocessing.transform(MatrixColumns(("a",), matrix, {}), np.dtype(np.float32))
    assert inputs.tolist() == [[2.0**60]]


def test_a_number_too_large_for_the_inputs_is_refused_in_a_matrix_too() -> None:
    fitted = FittedNumeric("large", 0.0, 1.0, 0.0)
    preprocessing = Preprocessing((fitted,), NumericTarget("y", 0.0, 1.0))
    table = MatrixColumns(("large",), np.array([[1.0], [1e300]]), {})
    with pytest.raises(DataError, match="column 'large' has a number too large for float32"):
        preprocessing.transform(table, np.dtype(np.float32))


def test_extremes_are_those_of_each_column() -> None:
    matrix = np.array([[1.0, 5.0, np.nan], [3.0, 2.0, 0.0]])
    columns = MatrixColumns(("a", "b", "c"), matrix, {"t": levels("x", "y")})
    found = columns.find_extremes(("a", "b", "c"))
    assert found is not None
    np.testing.assert_array_equal(found, [[1, 2, np.nan], [3, 5, np.nan]])
    np.testing.assert_array_equal(columns.find_extremes(("b", "a")), [[2, 1], [5, 3]])
    assert columns.find_extremes(("a", "t")) is None
    assert MatrixColumns(("a",), np.empty((0, 1)), {}).find_extremes(("a",)) is None


@pytest.mark.parametrize("code", ["f2", "f4", "i1", "u8"])
def test_a_matrix_of_another_type_is_converted(code: str) -> None:
    numbers = (abs(draw(ROWS, 3, seed=5)) * 3).astype(code)
    names, kinds = FITTED.numeric_names, {"kind": levels(*["x"] * ROWS)}
    given = MatrixColumns(names, numbers, kinds)
    converted = MatrixColumns(names, numbers.astype(np.float64), kinds)
    inputs = [FITTED.transform(table, np.dtype(np.float32)) for table in (given, converted)]
    assert inputs[0].tobytes() == inputs[1].tobytes()
    flags = [FITTED.flags(table, np.dtype(np.float32)) for table in (given, converted)]
    np.testing.assert_array_equal(flags[0].out_of_range, flags[1].out_of_range)
    column = given["a"]
    assert isinstance(column, NumericColumn)
    assert column.values.dtype == np.float64


def test_preprocessing_does_not_change_the_matrix() -> None:
    columns = as_matrix(apart())
    matrix = columns.find_matrix(FITTED.numeric_names)
    assert matrix is not None
    before = matrix.copy()
    FITTED.transform(columns, np.dtype(np.float64))
    np.testing.assert_array_equal(matrix, before)


@pytest.mark.parametrize(
    ("change", "is_taken"),
    [
        ({}, True),
        ({"center": 0.5}, False),
        ({"scale": 2.0}, False),
        ({"log": True}, False),
        ({"indicator": True}, False),
    ],
)
def test_a_matrix_of_unscaled_numbers_is_the_inputs(change: dict[str, Any], is_taken: bool) -> None:
    plain: dict[str, Any] = {
        "center": 0.0,
        "scale": 1.0,
        "fill": 0.0,
        "minimum": -2.0,
        "maximum": 2.0,
    }
    columns = (FittedNumeric("a", **plain), FittedNumeric("b", **{**plain, **change}))
    fitted = Preprocessing(columns, NumericTarget("y", 0.0, 1.0))
    matrix = draw(5, 2).astype(np.float32)

    def inputs(matrix: NDArray[Any], dtype: type = np.float32) -> NDArray[Any]:
        return fitted.transform(MatrixColumns(("a", "b"), matrix, {}), np.dtype(dtype))

    found = inputs(matrix)
    assert np.shares_memory(found, matrix) == is_taken
    apart = {name: NumericColumn(matrix[:, i].astype(np.float64)) for i, name in enumerate("ab")}
    assert found.tobytes() == fitted.transform(apart, np.dtype(np.float32)).tobytes()
    assert not np.shares_memory(inputs(matrix, np.float64), matrix)
    assert not np.shares_memory(inputs(np.asfortranarray(matrix)), matrix)
    matrix[2, 0] = np.nan
    assert not np.shares_memory(inputs(matrix), matrix)
    assert np.isfinite(inputs(matrix)).all()
