"""Elements of tensors in JSON: flat, or nested in the tensor's shape."""

from collections.abc import Collection
from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.datatypes import BOOL, BYTES, DTYPES, FP16
from service.inference.messages import show, tensor_error
from service.inference.request import InputTensor

# Types of the parsed elements; null is a missing value.
_FLOATS = {float, int, type(None)}
_INTEGERS = {int}
_TYPES: dict[str, Collection[type]] = {
    BOOL: {bool},
    BYTES: {str, type(None)},
    **{
        name: _FLOATS if dtype.kind == "f" else _INTEGERS
        for name, dtype in DTYPES.items()
        if dtype.kind in "fui"
    },
}
_EXPECTED = {
    BOOL: "true or false",
    BYTES: "strings or null",
    **{
        name: "numbers or null" if dtype.kind == "f" else "integers"
        for name, dtype in DTYPES.items()
        if dtype.kind in "fui"
    },
}


def read_json_values(tensor: InputTensor) -> NDArray[Any]:
    """Return the elements as an array of the tensor's shape. Raises InvalidInferenceError."""
    if tensor.datatype == FP16:
        detail = "FP16 has no JSON form; send it as a binary tensor, or as FP32"
        raise tensor_error(tensor.name, detail)
    if not isinstance(tensor.data, list):
        raise tensor_error(tensor.name, f"data must be an array, not {show(tensor.data)}")
    values = _flatten(tensor, tensor.data)
    if len(values) != prod(tensor.shape):
        detail = (
            f"data has {len(values)} elements, but shape {show(list(tensor.shape))} has "
            f"{show(prod(tensor.shape))}"
        )
        raise tensor_error(tensor.name, detail)
    _require_types(tensor, values)
    return _to_array(tensor, values).reshape(tensor.shape)


def _flatten(tensor: InputTensor, data: list[Any]) -> list[Any]:
    """Return nested data in row-major order; flat data as they are."""
    values = data
    if not (data and isinstance(data[0], list)):
        return values
    for side in tensor.shape[1:]:
        if set(map(type, values)) != {list} or set(map(len, values)) != {side}:
            detail = f"data are not nested in the shape {show(list(tensor.shape))}"
            raise tensor_error(tensor.name, detail)
        values = list(chain.from_iterable(values))
    return values


def _require_types(tensor: InputTensor, values: list[Any]) -> None:
    """Raise InvalidInferenceError unless all elements are of the datatype's JSON types."""
    allowed = _TYPES[tensor.datatype]
    if set(map(type, values)).issubset(allowed):
        return
    position = next(index for index, value in enumerate(values) if type(value) not in allowed)
    detail = (
        f"the elements of {tensor.datatype} are {_EXPECTED[tensor.datatype]}, but element "
        f"{position} is {show(values[position])}"
    )
    raise tensor_error(tensor.name, detail)


def _to_array(tensor: InputTensor, values: list[Any]) -> NDArray[Any]:
    dtype = DTYPES[tensor.datatype]
    try:
        # A number that is too large for a type of fewer bits becomes infinite.
        with np.errstate(over="ignore"):
            return np.array(values, dtype)
    except OverflowError as error:
        message = f"a number does not fit {tensor.datatype}"
        raise tensor_error(tensor.name, message) from error
