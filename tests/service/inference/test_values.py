"""Elements of tensors: both encodings give the same arrays, and every flaw is an error."""

import itertools
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from service.http.errors import InvalidInferenceError
from service.inference.binary_values import read_binary_values, write_texts
from service.inference.datatypes import DTYPES
from service.inference.json_values import read_json_values
from service.inference.request import InputTensor
from tests.service.inference.tensors import TYPES, datatype, to_bytes

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


def any_array(*names: str) -> st.SearchStrategy[NDArray[Any]]:
    """Arrays of these datatypes."""
    return st.one_of([_arrays(name) for name in names])


def _arrays(name: str) -> st.SearchStrategy[NDArray[Any]]:
    if name == "BYTES":
        return arrays.arrays(object, SHAPES, elements=TEXTS)
    return arrays.arrays(TYPES[name], SHAPES, elements={"allow_infinity": False})


def binary(values: NDArray[Any]) -> InputTensor:
    content = memoryview(to_bytes(values))
    return InputTensor("t", datatype(values), values.shape, None, content)


def stated(data: Any, name: str, *shape: int) -> InputTensor:
    return InputTensor("t", name, shape, data, None)


def as_data(values: NDArray[Any]) -> Any:
    return json.loads(json.dumps(values.tolist()).replace("NaN", "null"))


def same(found: NDArray[Any], values: NDArray[Any]) -> bool:
    is_float = values.dtype.kind == "f"
    return found.dtype == values.dtype and np.array_equal(found, values, equal_nan=is_float)


@settings(max_examples=50)
@given(any_array(*DTYPES))
def test_binary_elements(values: NDArray[Any]) -> None:
    tensor = binary(values)
    assert tensor.content is not None
    assert same(read_binary_values(tensor, tensor.content), values)


@settings(max_examples=50)
@given(any_array(*(name for name in DTYPES if name != "FP16")), st.booleans())
def test_json_elements_are_nested_or_flat(values: NDArray[Any], is_flat: bool) -> None:
    data = as_data(values.ravel() if is_flat else values)
    if values.size == 0 and not is_flat:
        return  # an empty side hides those that follow
    assert same(read_json_values(stated(data, datatype(values), *values.shape)), values)


@settings(max_examples=50)
@given(any_array(*DTYPES), st.data())
def test_no_changed_size_is_accepted(values: NDArray[Any], data: st.DataObject) -> None:
    content = to_bytes(values)
    cut = data.draw(st.integers(0, len(content) + 3).filter(lambda size: size != len(content)))
    changed = memoryview((content + b"\0\0\0")[:cut])
    with pytest.raises(InvalidInferenceError, match="tensor 't'"):
        read_binary_values(InputTensor("t", datatype(values), values.shape, None, changed), changed)


@settings(max_examples=50)
@given(st.lists(TEXTS, max_size=5))
def test_texts_are_written_as_they_are_read(values: list[str]) -> None:
    content = memoryview(b"".join(write_texts(tuple(values))))
    tensor = InputTensor("t", "BYTES", (len(values),), None, content)
    assert read_binary_values(tensor, content).tolist() == values


def test_numbers_are_a_view_of_the_body() -> None:
    content = memoryview(np.arange(6, dtype="f4").tobytes())
    tensor = InputTensor("t", "FP32", (2, 3), None, content)
    assert read_binary_values(tensor, content).base is not None


HUGE = 2**64 - 1


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (stated([1.0], "FP16", 1), "FP16 has no JSON form"),
        (stated("1,2", "FP64", 2), "data must be an array"),
        (stated({}, "FP64", 0), "data must be an array"),
        (stated([1, 2, 3], "FP64", 2), "data has 3 elements"),
        (stated([1], "FP64", *[HUGE] * 32), "data has 1 elements"),
        (stated([[1, 2], [3]], "FP64", 2, 2), "not nested in the shape"),
        (stated([[1, 2], 3], "FP64", 2, 2), "not nested in the shape"),
        (stated([[1, 2], [3, 4]], "FP64", 4), "elements"),
        (stated([[[1]], [[2]]], "FP64", 2, 1), "element 0 is [1]"),
        (stated([1, [2]], "FP64", 2), "element 1 is [2]"),
        (stated([1, True], "FP64", 2), "element 1 is true"),
        (stated([1, "2"], "INT32", 2), "element 1 is '2'"),
        (stated([1, 2.0], "INT32", 2), "element 1 is 2.0"),
        (stated([1, None], "INT32", 2), "element 1 is null"),
        (stated([True, 1], "BOOL", 2), "element 1 is 1"),
        (stated([True, None], "BOOL", 2), "element 1 is null"),
        (stated(["a", 1], "BYTES", 2), "element 1 is 1"),
        (stated([300], "UINT8", 1), "does not fit UINT8"),
        (stated([-1], "UINT64", 1), "does not fit UINT64"),
        (stated([2**63], "INT64", 1), "does not fit INT64"),
        (stated([10**400], "FP64", 1), "does not fit FP64"),
    ],
    ids=itertools.count(),
)
def test_invalid_json_elements(tensor: InputTensor, text: str) -> None:
    with pytest.raises(InvalidInferenceError) as error:
        read_json_values(tensor)
    assert text in str(error.value)
    assert str(error.value).startswith("tensor 't': ")
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("name", "shape", "content", "text"),
    [
        ("FP64", (1,), b"1234567", "7, but shape [1] of FP64 has 8 bytes"),
        ("FP64", (HUGE,) * 32, b"", "binary_data_size is 0"),
        ("FP64", (2**61,), b"", "binary_data_size is 0"),
        ("BYTES", (HUGE, HUGE), b"", "needs at least"),
        ("BOOL", (2,), b"\1\2", "one byte, 0 or 1"),
        ("BYTES", (1,), b"\1\0\0", "needs at least 4 bytes"),
        ("BYTES", (1,), struct.pack("<I", 2**32 - 1) + b"abc", "states 4294967295 bytes"),
        ("BYTES", (2,), struct.pack("<I", 4) + b"abcd", "bytes end before element 1"),
        ("BYTES", (1,), struct.pack("<I", 1) + b"ab", "1 bytes are left"),
        ("BYTES", (1,), struct.pack("<I", 2) + b"\xff\xfe", "element 0 is not UTF-8"),
    ],
    ids=itertools.count(),
)
def test_invalid_binary_elements(
    name: str, shape: tuple[int, ...], content: bytes, text: str
) -> None:
    tensor = InputTensor("t", name, shape, None, memoryview(content))
    with pytest.raises(InvalidInferenceError) as error:
        read_binary_values(tensor, memoryview(content))
    assert text in str(error.value)
    assert len(str(error.value)) < 400


def test_a_number_too_large_for_its_type_is_infinite() -> None:
    assert np.isinf(read_json_values(stated([1e39], "FP32", 1))).all()


def test_all_thirteen_datatypes_are_known() -> None:
    assert set(DTYPES) == {*TYPES, "BYTES"}
    assert len(DTYPES) == 13
