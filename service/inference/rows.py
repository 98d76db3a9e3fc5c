"""Input tensors to the rows of a model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data.matrix_columns import MatrixColumns
from engine.data.table import Column
from service.http.errors import InvalidInferenceError, InvalidRowsError
from service.inference.binary_values import read_binary_values
from service.inference.columns import ColumnTensorReader, TensorColumn, are_clean, clean_numbers
from service.inference.datatypes import BOOL, BYTES
from service.inference.json_values import read_json_values
from service.inference.messages import show, tensor_error
from service.inference.names import FEATURES, require_columns
from service.inference.request import InferenceRequest, InputTensor
from service.runtime.model_cache import ServedModel
from service.schemas.predictions import MAX_ROWS
from service.serializers.model_columns import ColumnRules
from service.serializers.rows import ReadRows
from service.serializers.value_limits import MAX_CELLS, require_few_values


def takes_matrix(model: ServedModel) -> bool:
    """Return whether a model takes all its columns as the tensor `features`.

    All of them must be numbers, and none may have that name.
    """
    return model.reader.plain_width is not None and FEATURES not in model.reader.cell_readers


def read_rows(model: ServedModel, request: InferenceRequest) -> ReadRows:
    """Return the rows of the input tensors. Raises InvalidInferenceError."""
    reader, tensors = _TensorReader(model), request.inputs
    if any(tensor.name == FEATURES for tensor in tensors) and takes_matrix(model):
        return reader.read_matrix(tensors, model.reader.shapes)
    return reader.read_columns(tensors, request.rules)


class _TensorReader:
    def __init__(self, model: ServedModel) -> None:
        self._fitted = model.preprocessing.columns
        self._takes_matrix = takes_matrix(model)
        self._numeric_names = model.preprocessing.numeric_names
        self._columns = model.reader.columns
        self._as_matrix = model.reader.as_matrix
        self._missing_numbers = model.reader.missing_numbers
        self._reader = ColumnTensorReader(model.reader.cell_readers, self._missing_numbers)

    def read_columns(self, tensors: Sequence[InputTensor], rules: ColumnRules) -> ReadRows:
        """Return the rows of one tensor per column; a column without a tensor is missing."""
        by_name = {tensor.name: tensor for tensor in tensors}
        require_columns(self._columns, by_name, rules, takes_matrix=self._takes_matrix)
        present = [by_name[column.name] for column in self._fitted if column.name in by_name]
        rows = _count_rows(present)
        _require_few_cells(rows, len(self._fitted))
        columns: dict[str, Column] = {}
        not_understood: list[tuple[int, int]] = []
        for index, fitted in enumerate(self._fitted):
            tensor = by_name.get(fitted.name) or _make_missing(fitted.name, rows)
            found = self._reader.read(tensor, fitted, _read_values(tensor).reshape(rows))
            columns[fitted.name] = found.column
            not_understood += [(row, index) for row in found.not_understood]
        is_unflagged = None
        if rules.missing == "ignore":
            absent = [column.name not in by_name for column in self._fitted]
            is_unflagged = np.tile(absent, (rows, 1))
        return ReadRows(self._as_matrix(rows, columns), not_understood, is_unflagged)

    def read_matrix(
        self, tensors: Sequence[InputTensor], shapes: Sequence[tuple[int, ...]]
    ) -> ReadRows:
        """Return the rows of the only tensor, `features`."""
        if len(tensors) > 1:
            other = next(tensor.name for tensor in tensors if tensor.name != FEATURES)
            raise tensor_error(other, f"{FEATURES} replaces the tensors of single columns")
        (tensor,) = tensors
        width = len(self._fitted)
        if tensor.datatype == BOOL:
            raise tensor_error(FEATURES, "datatype BOOL; a number type or BYTES is expected")
        if tensor.shape[1:] not in {(width,), *shapes}:
            detail = f"shape must be [rows, {width}], not {show(list(tensor.shape))}"
            raise tensor_error(FEATURES, detail)
        rows = _require_few_rows(tensor)
        _require_few_cells(rows, width)
        values = _read_values(tensor).reshape(rows, width)
        return (
            self._read_texts(tensor, values)
            if tensor.datatype == BYTES
            else self._read_numbers(values)
        )

    def _read_numbers(self, values: NDArray[Any]) -> ReadRows:
        columns = MatrixColumns(self._numeric_names, values, {})
        extremes = columns.find_extremes(self._numeric_names)
        if extremes is not None and are_clean(extremes, self._missing_numbers):
            return ReadRows(columns)
        numbers, not_understood = clean_numbers(values, self._missing_numbers)
        columns = MatrixColumns(self._numeric_names, numbers, {})
        places = np.argwhere(not_understood).tolist() if not_understood.any() else []
        return ReadRows(columns, [(row, column) for row, column in places])

    def _read_texts(self, tensor: InputTensor, values: NDArray[Any]) -> ReadRows:
        found: list[TensorColumn] = [
            self._reader.read(tensor, fitted, values[:, index])
            for index, fitted in enumerate(self._fitted)
        ]
        columns = {fitted.name: one.column for fitted, one in zip(self._fitted, found, strict=True)}
        places = [(row, index) for index, one in enumerate(found) for row in one.not_understood]
        return ReadRows(self._as_matrix(len(values), columns), places)


def _make_missing(name: str, rows: int) -> InputTensor:
    return InputTensor(name, BYTES, (rows,), [None] * rows, None)


def _count_rows(tensors: Sequence[InputTensor]) -> int:
    """Return the rows of the tensors of columns, which must agree."""
    for tensor in tensors:
        if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ((), (1,)):
            detail = f"shape must be [rows] or [rows, 1], not {show(list(tensor.shape))}"
            raise tensor_error(tensor.name, detail)
        if tensor.shape[0] != tensors[0].shape[0]:
            detail = (
                f"it has {tensor.shape[0]} rows, but tensor {show(tensors[0].name)} has "
                f"{tensors[0].shape[0]}"
            )
            raise tensor_error(tensor.name, detail)
    return _require_few_rows(tensors[0])


def _require_few_rows(tensor: InputTensor) -> int:
    rows = tensor.shape[0]
    if not 1 <= rows <= MAX_ROWS:
        raise tensor_error(tensor.name, f"it has {rows} rows; 1 to {MAX_ROWS} are accepted")
    return rows


def _require_few_cells(rows: int, width: int) -> None:
    """Raise InvalidInferenceError if the rows have too many values, as those of `/v1`."""
    try:
        require_few_values(rows, width, "features", MAX_CELLS)
    except InvalidRowsError as error:
        raise InvalidInferenceError(error.errors[0].detail) from error


def _read_values(tensor: InputTensor) -> NDArray[Any]:
    """Return the elements of a tensor in its shape. Raises InvalidInferenceError."""
    if tensor.content is None:
        return read_json_values(tensor)
    return read_binary_values(tensor, tensor.content)
