"""Nested lists of numbers as arrays, with the position of what is wrong."""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from engine.arrays import Floats, Shape
from engine.errors import SpecError, SpecProblem
from engine.json_pointer import json_pointer


def read_array(
    value: object, shape: Shape, dtype: np.dtype[Any], path: Sequence[str | int]
) -> Floats:
    """Return nested lists of numbers as an array.

    Args:
        value: lists nested as deep as the shape; a flat list is in row-major order.
        shape: shape of the array.
        dtype: dtype of the array.
        path: where the value is, for errors.

    Raises:
        SpecError: the value has another shape, or is not of finite numbers.
    """
    size = int(np.prod(shape, dtype=np.intp))
    if len(shape) > 1 and _is_flat(value, size):
        shape_read: Shape = (size,)
    else:
        shape_read = shape
    numbers: list[float] = []
    _collect(value, shape_read, [*path], numbers)
    with np.errstate(over="ignore"):
        array = np.array(numbers, np.float64).astype(dtype).reshape(shape)
    if not np.isfinite(array).all():
        position = int(np.flatnonzero(~np.isfinite(array.reshape(-1)))[0])
        reject(path, "number_too_large", f"value {position} is too large for {dtype.name}")
    return array


def reject(path: Sequence[str | int], code: str, detail: str) -> NoReturn:
    """Raise a SpecError with one problem, at a path."""
    raise SpecError([SpecProblem(json_pointer(*path), code, detail)])


def _is_flat(value: object, size: int) -> bool:
    return isinstance(value, list | tuple) and len(value) == size and not _has_lists(value)


def _has_lists(value: Sequence[object]) -> bool:
    return any(isinstance(item, list | tuple) for item in value)


def _collect(value: object, shape: Shape, path: list[str | int], numbers: list[float]) -> None:
    """Append the numbers of a value of this shape. Raises SpecError."""
    if not shape:
        numbers.append(_read_number(value, path))
        return
    if not isinstance(value, list | tuple):
        reject(path, "wrong_shape", f"must be a list of {shape[0]}, for shape {[*shape]}")
    if len(value) != shape[0]:
        detail = f"has {len(value)} values instead of {shape[0]}, for shape {[*shape]}"
        reject(path, "wrong_shape", detail)
    for index, item in enumerate(value):
        path.append(index)
        _collect(item, shape[1:], path, numbers)
        path.pop()


def _read_number(value: object, path: Sequence[str | int]) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        reject(path, "not_a_number", "must be a number")
    try:
        return float(value)
    except OverflowError:
        reject(path, "number_too_large", "is too large for float64")
