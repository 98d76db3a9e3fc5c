"""Conversion of JSON rows into columns; a value that cannot be read is missing."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, assert_never

import numpy as np

from engine.arrays import Shape
from engine.data.table import ISO, CategoricalColumn, Column, NumericColumn
from engine.data.value_reader import ValueReader, WrongValueError
from engine.json_pointer import json_pointer
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem
from service.serializers.records import MAX_PROBLEMS, Record, RecordReader
from service.serializers.times import read_seconds

# Converts one value of a column; builds the column from the converted values.
Convert: TypeAlias = Callable[[object], Any]
Build: TypeAlias = Callable[[Sequence[Any]], Column]


@dataclass(frozen=True)
class ReadRows:
    """Rows as the columns of a model.

    Attributes:
        columns: the model's columns by name.
        not_understood: row and column of each value that could not be read; it is missing.
    """

    columns: dict[str, Column]
    not_understood: list[tuple[int, int]]


class RowReader:
    """Reads rows for one model; threads may share it.

    Attributes:
        ignored: as below.
        shapes: the shapes in which arrays may be nested.

    Args:
        preprocessing: preprocessing of the model.
        ignored: columns that records may contain without being read.
        shape: shape to which the model reshapes each row, in which arrays may be nested.
    """

    def __init__(
        self,
        preprocessing: Preprocessing,
        ignored: frozenset[str] = frozenset(),
        shape: Shape | None = None,
    ) -> None:
        values = ValueReader(preprocessing.words)
        formats = preprocessing.words.time_formats
        names = [column.name for column in preprocessing.columns]
        self.ignored = ignored
        self._records = RecordReader(names, ignored, shape)
        self.shapes = self._records.shapes
        self._columns = [
            (column.name, *column_reader(column, values, formats))
            for column in preprocessing.columns
        ]

    def read(self, rows: Sequence[Any]) -> ReadRows:
        """Return the model's columns.

        Args:
            rows: JSON values: records, or arrays in the order of the model's features. A value
                that a record leaves out is missing.

        Raises:
            InvalidRowsError: some are not rows of such values; names up to 20 of them.
        """
        records = self._records.read(rows)
        problems: list[FieldProblem] = []
        columns: dict[str, Column] = {}
        not_understood: list[tuple[int, int]] = []
        for index, (name, convert, build) in enumerate(self._columns):
            converted, unreadable = _convert_all(name, records, convert)
            columns[name] = build(converted)
            for position in unreadable:
                detail = _find_fault(records[position].get(name))
                if detail is None:
                    not_understood.append((position, index))
                    continue
                token = name if isinstance(rows[position], Mapping) else index
                pointer = json_pointer("rows", position, token)
                problems.append(FieldProblem(pointer=pointer, code="not_a_value", detail=detail))
                if len(problems) == MAX_PROBLEMS:
                    raise InvalidRowsError(problems)
        if problems:
            raise InvalidRowsError(problems)
        return ReadRows(columns, not_understood)


def _convert_all(
    name: str, records: Sequence[Record], convert: Convert
) -> tuple[list[Any], list[int]]:
    """Return the values of a column, and the positions of those that cannot be read."""
    converted: list[Any] = []
    unreadable: list[int] = []
    for position, record in enumerate(records):
        try:
            converted.append(convert(record.get(name)))
        except WrongValueError:
            unreadable.append(position)
            converted.append(convert(None))
    return converted, unreadable


def _find_fault(value: object) -> str | None:
    """Return why something is not a JSON value of a cell; None if it is one."""
    if isinstance(value, list | Mapping):
        found = "an array" if isinstance(value, list) else "an object"
        return f"a value is a text, a number, a boolean or null, not {found}"
    if isinstance(value, float) and math.isnan(value):
        return "NaN is not JSON: send null for a missing value"
    return None


def column_reader(
    fitted: FittedColumn, values: ValueReader, time_formats: Mapping[str, str]
) -> tuple[Convert, Build]:
    """Return the conversion of a column's single values, and of all of them to the column."""
    match fitted:
        case FittedNumeric():
            return values.number, _numeric_column
        case FittedTime():
            time_format = time_formats.get(fitted.name, ISO)
            return partial(read_seconds, values, time_format=time_format), _numeric_column
        case FittedBoolean():
            return values.boolean, _boolean_column
        case FittedCategories() | FittedCodes() | FittedOrdinal():
            return partial(values.category, levels=fitted.levels), _categorical_column
        case FittedText():
            # Every word is one of a text, also that of a boolean.
            return partial(values.category, levels=("true", "false")), _categorical_column
        case _:
            assert_never(fitted)


def _numeric_column(numbers: Sequence[float]) -> NumericColumn:
    return NumericColumn(np.array(numbers, dtype=np.float64))


def _boolean_column(codes: Sequence[int]) -> CategoricalColumn:
    return CategoricalColumn(np.array(codes, dtype=np.int32), (False, True))


def _categorical_column(texts: Sequence[str | None]) -> CategoricalColumn:
    codes: dict[str | None, int] = {None: -1}
    for text in texts:
        codes.setdefault(text, len(codes) - 1)
    found = np.array([codes[text] for text in texts], dtype=np.int32)
    return CategoricalColumn(found, tuple(text for text in codes if text is not None))
