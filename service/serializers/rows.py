"""Conversion of JSON rows into columns; each invalid value is reported with its pointer."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, assert_never

import numpy as np

from engine.data.table import ISO, CategoricalColumn, Column, NumericColumn
from engine.json_pointer import json_pointer
from engine.preprocessing.preprocessing import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
    Preprocessing,
)
from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.models import Scalar
from service.serializers.values import ValueReader, WrongValueError

MAX_PROBLEMS = 20
Record = Mapping[str, Scalar]
# Converts one value of a column; builds the column from the converted values.
Convert: TypeAlias = Callable[[Scalar], Any]
Build: TypeAlias = Callable[[Sequence[Any]], Column]


class RowReader:
    """Reads rows for one model; threads may share it.

    Args:
        preprocessing: preprocessing of the model.
        ignored: columns that records may contain without being read.
    """

    def __init__(self, preprocessing: Preprocessing, ignored: frozenset[str] = frozenset()) -> None:
        values = ValueReader(preprocessing.words)
        formats = preprocessing.words.time_formats
        self._names = [column.name for column in preprocessing.columns]
        self._allowed = {*self._names, *ignored}
        self._columns = [
            (column.name, *_column_reader(column, values, formats))
            for column in preprocessing.columns
        ]

    def read(self, rows: Sequence[Record] | Sequence[Sequence[Scalar]]) -> dict[str, Column]:
        """Return the model's columns.

        Args:
            rows: records, or arrays in the order of the model's features. A value that a record
                leaves out is missing.

        Raises:
            InvalidRowsError: some rows are invalid; names up to 20 values.
        """
        records = self._as_records(rows)
        problems: list[FieldProblem] = []
        columns = {
            name: build(_convert_all(name, records, convert, problems))
            for name, convert, build in self._columns
        }
        if problems:
            raise InvalidRowsError(problems[:MAX_PROBLEMS])
        return columns

    def _as_records(self, rows: Sequence[Record] | Sequence[Sequence[Scalar]]) -> Sequence[Record]:
        """Return rows as records; the values of an array are in the order of the features."""
        records: list[Record] = []
        problems: list[FieldProblem] = []
        for position, row in enumerate(rows):
            if isinstance(row, Mapping):
                problems += [
                    _unknown_column(position, name) for name in row if name not in self._allowed
                ]
                records.append(row)
            elif len(row) == len(self._names):
                records.append(dict(zip(self._names, row, strict=True)))
            else:
                detail = (
                    f"the row has {len(row)} values, but the model has {len(self._names)} features"
                )
                pointer = f"/rows/{position}"
                problems.append(FieldProblem(pointer=pointer, code="wrong_length", detail=detail))
            _raise_if_many(problems)
        if problems:
            raise InvalidRowsError(problems)
        return records


def _unknown_column(position: int, name: str) -> FieldProblem:
    return FieldProblem(
        pointer=json_pointer("rows", position, name),
        code="unknown_column",
        detail="not a feature of the model",
    )


def _raise_if_many(problems: list[FieldProblem]) -> None:
    if len(problems) >= MAX_PROBLEMS:
        raise InvalidRowsError(problems[:MAX_PROBLEMS])


def _column_reader(
    fitted: FittedColumn, values: ValueReader, time_formats: Mapping[str, str]
) -> tuple[Convert, Build]:
    match fitted:
        case FittedNumeric():
            return values.number, _numeric_column
        case FittedTime():
            time_format = time_formats.get(fitted.name, ISO)
            return partial(values.seconds, time_format=time_format), _numeric_column
        case FittedBoolean():
            return values.boolean, _boolean_column
        case FittedCategories() | FittedCodes() | FittedOrdinal() | FittedText():
            return values.category, _categorical_column
        case _:
            assert_never(fitted)


def _convert_all(
    name: str, records: Sequence[Record], convert: Convert, problems: list[FieldProblem]
) -> list[Any]:
    converted: list[Any] = []
    for position, record in enumerate(records):
        try:
            converted.append(convert(record.get(name)))
        except WrongValueError as error:
            pointer = json_pointer("rows", position, name)
            problems.append(FieldProblem(pointer=pointer, code="wrong_type", detail=str(error)))
            _raise_if_many(problems)
            converted.append(convert(None))
    return converted


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
