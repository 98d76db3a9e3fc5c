"""Columns whose numbers are one matrix give the same inputs and flags as columns apart."""

import numpy as np
import pytest

from engine.data.matrix_columns import MatrixColumns, take_table_rows
from engine.data.table import Column, NumericColumn
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
