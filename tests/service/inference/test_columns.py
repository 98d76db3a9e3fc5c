"""Tensors of columns are read like the JSON values of `/v1`, element by element."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.data.matrix_columns import MatrixColumns
from engine.data.table import CategoricalColumn, Column, FileConventions
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedColumn,
    FittedNumeric,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidInferenceError
from service.inference.columns import ColumnTensorReader, are_clean, clean_numbers
from service.inference.request import InputTensor
from service.serializers.rows import RowReader
from tests.service.inference.tensors import TYPES, datatype

WORDS = FileConventions(missing=("-999", "-9.9", "none"), decimal=",", time_formats={})
NUMBER = FittedNumeric("c", 0, 1, 0)
TIME = FittedTime("c", ("year",), 0, 1, 0)
BOOLEAN = FittedBoolean("c", 0)
CATEGORY = FittedCategories("c", ("red", "1", "1,5", "true", "False"))
TEXT = FittedText("c", 4)
NUMBERS = [name for name in TYPES if name != "BOOL"]
ODD_NUMBERS = [-999, -9.9, 0, 1, 1.5, 2, 7.25]
ODD_TEXTS = ["", "none", " -999 ", "1", "1,5", "red", "true", "yes", "No", "2021-03-05", "?", "x"]


def read(fitted: FittedColumn, values: NDArray[Any]) -> tuple[list[Any], list[int]]:
    rows = RowReader(Preprocessing((fitted,), NumericTarget("y", 0, 1), WORDS))
    reader = ColumnTensorReader(rows.cell_readers, rows.missing_numbers)
    tensor = InputTensor("c", datatype(values), values.shape, None, None)
    found = reader.read(tensor, fitted, values)
    return decode(found.column), list(found.not_understood)


def read_as_json(fitted: FittedColumn, values: list[Any]) -> tuple[list[Any], list[int]]:
    target = NumericTarget("y", 0, 1)
    rows = RowReader(Preprocessing((fitted,), target, WORDS)).read([[value] for value in values])
    return decode(rows.columns["c"]), [row for row, _ in rows.not_understood]


def decode(column: Column) -> list[Any]:
    """The values of a column; None where missing."""
    if isinstance(column, CategoricalColumn):
        levels = [*column.levels, None]
        return [levels[code] for code in column.codes.tolist()]
    return [None if value != value else value for value in column.values.tolist()]


def to_json(values: NDArray[Any]) -> list[Any]:
    """The elements as JSON values: floats by their shortest digits."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    numbers = [float(str(value)) for value in values]
    return [None if number != number else number for number in numbers]


def element(name: str) -> st.SearchStrategy[Any]:
    """Elements of a datatype, often odd ones."""
    if name == "BYTES":
        return st.sampled_from(ODD_TEXTS) | st.text(max_size=3)
    dtype = TYPES[name]
    if dtype.kind == "f":
        odd = [*np.array(ODD_NUMBERS, dtype).tolist(), np.nan]
        limits: Any = np.finfo(dtype)
        numbers = st.floats(float(limits.min), float(limits.max)).map(dtype.type)
        return st.sampled_from(odd) | numbers
    limits = np.iinfo(dtype)
    near = [n for n in (-999, 0, 1, 2) if limits.min <= n <= limits.max]
    return st.sampled_from(near) | st.integers(int(limits.min), int(limits.max))


def tensors(name: str) -> st.SearchStrategy[NDArray[Any]]:
    dtype = TYPES.get(name, np.dtype(object))
    values = st.lists(element(name), min_size=1, max_size=6)
    return values.map(lambda found: np.array(found, dtype))


ELEMENTS = st.one_of([tensors(name) for name in [*NUMBERS, "BYTES"]])


@given(ELEMENTS, st.sampled_from([NUMBER, TIME, BOOLEAN, CATEGORY, TEXT]))
def test_elements_are_read_as_json_values(values: NDArray[Any], fitted: FittedColumn) -> None:
    is_exact = isinstance(fitted, FittedNumeric | FittedTime) and values.dtype.kind == "f"
    found = read(fitted, values)
    # Numbers keep the bits of their type, so that −9.9 is compared with FP32 −9.9.
    wanted = read_as_json(fitted, to_json(values))
    if is_exact and values.dtype != np.float64:
        wanted = as_type(wanted[0], values.dtype), wanted[1]
    assert found == wanted


def as_type(values: list[Any], dtype: Any) -> list[Any]:
    return [None if value is None else float(dtype.type(value)) for value in values]


@pytest.mark.parametrize("fitted", [BOOLEAN, CATEGORY, TEXT])
@pytest.mark.parametrize("values", [[True, False, True], [True, True]])
def test_truth_values_are_read_as_json_values(fitted: FittedColumn, values: list[bool]) -> None:
    assert read(fitted, np.array(values)) == read_as_json(fitted, values)


@pytest.mark.parametrize("fitted", [NUMBER, TIME])
def test_a_truth_value_is_not_a_number(fitted: FittedColumn) -> None:
    with pytest.raises(InvalidInferenceError, match="tensor 'c': datatype BOOL; a number type"):
        read(fitted, np.array([True]))


@pytest.mark.parametrize("fitted", [NUMBER, BOOLEAN, CATEGORY, TEXT])
def test_infinity_is_not_understood(fitted: FittedColumn) -> None:
    assert read(fitted, np.array([np.inf, 1])) == (read(fitted, np.array([np.nan, 1]))[0], [0])


@pytest.mark.parametrize("code", ["f2", "f4", "f8"])
def test_markers_are_compared_in_the_precision_of_the_values(code: str) -> None:
    values = np.array([[-9.9, 1], [-999, -9.89]], code)
    numbers, not_understood = clean_numbers(values, frozenset((-9.9, -999.0, 1e300, 0.5)))
    assert np.isnan(numbers).tolist() == [[True, False], [True, False]]
    assert not not_understood.any()


def test_markers_that_a_type_does_not_have_are_left_out() -> None:
    values = np.array([25, 0], "u1")
    numbers, _ = clean_numbers(values, frozenset((-999.0, 25.5, 281.0, 1e300)))
    assert numbers.tolist() == [25.0, 0.0]


@pytest.mark.parametrize("code", ["f2", "f4", "f8"])
@pytest.mark.parametrize(
    ("unusual", "is_clean"),
    [(0.5, True), (7, True), (np.nan, False), (np.inf, False), (-np.inf, False), (-9.9, False)],
)
def test_extremes_show_numbers_that_clean_numbers_would_change(
    code: str, unusual: float, is_clean: bool
) -> None:
    values = np.array([[1, 2], [unusual, 3], [0, 2.5]], code)
    columns = MatrixColumns(("a", "b"), values, {})
    extremes, markers = columns.find_extremes(("a", "b")), frozenset((-9.9, 1e300, -999.0))
    assert extremes is not None
    assert are_clean(extremes, markers) == is_clean
    numbers, _ = clean_numbers(values, markers)
    assert (numbers is values) == (is_clean or np.isnan(unusual))


def test_the_clients_array_is_not_changed() -> None:
    values = np.array([-999.0, np.inf])
    values.flags.writeable = False
    clean_numbers(values, frozenset((-999.0,)))
