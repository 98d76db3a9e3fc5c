"""Input tensors to the columns of a model: one tensor per column, or one matrix of all columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.matrix_columns import Extremes
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.preprocessing.fitted import FittedBoolean, FittedColumn, FittedNumeric, FittedTime
from service.inference.datatypes import BOOL, BYTES
from service.inference.messages import tensor_error
from service.inference.request import InputTensor
from service.serializers.cells import CellReader


@dataclass(frozen=True)
class TensorColumn:
    """A column read from a tensor; `not_understood` are the rows whose value is unusable."""

    column: Column
    not_understood: Sequence[int]


class ColumnTensorReader:
    """Reads arrays of tensor elements as columns of a model.

    Args:
        cell_readers: readers of the columns in the notation of the model's training file, by name.
        missing_numbers: numbers that mark a missing value.
    """

    def __init__(
        self, cell_readers: Mapping[str, CellReader], missing_numbers: frozenset[float]
    ) -> None:
        self._cell_readers = cell_readers
        self._missing_numbers = missing_numbers

    def read(self, tensor: InputTensor, fitted: FittedColumn, values: NDArray[Any]) -> TensorColumn:
        """Return the column of a tensor's elements, shape `(rows,)`.

        Numbers for numbers and times, and truth values for booleans, are taken as they are. Any
        other combination is read like a JSON value of `/v1/models/{id}/predict`, once per distinct
        element. A missing value is NaN, an empty text or one of the file's markers.

        Raises:
            InvalidInferenceError: the column cannot be read from this datatype.
        """
        is_number = isinstance(fitted, FittedNumeric | FittedTime)
        if is_number and tensor.datatype == BOOL:
            raise tensor_error(tensor.name, "datatype BOOL; a number type or BYTES is expected")
        if is_number and tensor.datatype != BYTES:
            return self._read_numbers(values)
        if isinstance(fitted, FittedBoolean) and tensor.datatype == BOOL:
            return TensorColumn(CategoricalColumn(values.astype(np.int32), (False, True)), ())
        return self._read_distinct(fitted, values)

    def _read_numbers(self, values: NDArray[Any]) -> TensorColumn:
        numbers, not_understood = clean_numbers(values, self._missing_numbers)
        column = NumericColumn(numbers.astype(np.float64, copy=False))
        return TensorColumn(column, np.flatnonzero(not_understood).tolist())

    def _read_distinct(self, fitted: FittedColumn, values: NDArray[Any]) -> TensorColumn:
        distinct, places = _find_distinct(values)
        column, unreadable = self._cell_readers[fitted.name].read_values(distinct)
        column = _take(column, places)
        wrong = np.flatnonzero(np.isin(places, unreadable)).tolist() if unreadable else ()
        return TensorColumn(column, wrong)


def are_clean(extremes: Extremes, missing: frozenset[float]) -> bool:
    """Return whether columns with these extremes have finite numbers and no missing-value marker.

    False also if a marker lies between the extremes of a column.
    """
    lowest, highest = extremes
    finite = np.count_nonzero(np.isfinite(lowest) & np.isfinite(highest))
    if finite < len(lowest):
        return False
    markers = _as_dtype(missing, lowest.dtype) if missing else ()
    return not any(((lowest <= marker) & (marker <= highest)).any() for marker in markers)


def clean_numbers(
    values: NDArray[Any], missing: frozenset[float]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return numbers, and which of them are infinite; both of the values' shape.

    Infinite numbers and those equal to a missing-value marker become NaN, in float64; without any,
    the values are returned as they are. Markers are compared in the precision of the values.
    """
    is_infinite = np.isinf(values)
    is_marker = [values == marker for marker in _as_dtype(missing, values.dtype)]
    masks = [mask for mask in (is_infinite, *is_marker) if mask.any()]
    if not masks:
        return values, is_infinite
    numbers = values.astype(np.float64)
    for mask in masks:
        numbers[mask] = np.nan
    return numbers, is_infinite


def _as_dtype(markers: frozenset[float], dtype: np.dtype[Any]) -> list[Any]:
    """Return the markers that a type represents, in that type."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            found = [dtype.type(marker) for marker in markers]
        return [marker for marker in found if np.isfinite(marker)]
    limits = np.iinfo(dtype)
    return [
        dtype.type(int(marker))
        for marker in markers
        if isfinite(marker) and marker.is_integer() and limits.min <= marker <= limits.max
    ]


def _find_distinct(values: NDArray[Any]) -> tuple[list[Any], NDArray[np.intp]]:
    """Return the distinct elements as JSON values, and the index of each element among them."""
    if values.dtype == object:
        indices: dict[Any, int] = {}
        places = [indices.setdefault(value, len(indices)) for value in values.tolist()]
        return list(indices), np.array(places, np.intp)
    distinct, inverse = np.unique(values, return_inverse=True)
    return [_to_json(value) for value in distinct], inverse.reshape(values.shape)


def _to_json(value: np.generic) -> object:
    """Return an element as Python's value; a float by its shortest digits, None for NaN."""
    if value.dtype.kind != "f":
        return value.item()
    number = float(str(value))
    return None if isnan(number) else number


def _take(column: Column, places: NDArray[np.intp]) -> Column:
    if isinstance(column, NumericColumn):
        return NumericColumn(column.values[places])
    return CategoricalColumn(column.codes[places], column.levels)
