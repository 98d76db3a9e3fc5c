"""Conversion of JSON rows into columns; a value that cannot be read is missing."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape
from engine.data.matrix_columns import MatrixColumns
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
from service.serializers.model_columns import NO_RULES, ColumnRules, ModelColumns
from service.serializers.records import MAX_PROBLEMS, Record, RecordReader
from service.serializers.times import read_seconds
from service.serializers.value_limits import (
    MAX_CELLS,
    MAX_VALUES,
    require_few_values,
    too_many_values,
)

# Converts one value of a column; builds the column from the converted values.
Convert: TypeAlias = Callable[[object], Any]
Build: TypeAlias = Callable[[Sequence[Any]], Column]
_PLAIN_TYPES = frozenset((float, int, type(None)))
_TEXT_TYPES = frozenset((str, type(None)))


@dataclass(frozen=True)
class ReadRows:
    """Rows as the columns of a model.

    Attributes:
        columns: the model's columns by name.
        not_understood: row and column of each value that could not be read; it is missing.
        unflagged: whether a value is absent and not to be flagged, shape `(rows, columns)`; None if
            every absent value is.
    """

    columns: MatrixColumns
    not_understood: list[tuple[int, int]] = field(default_factory=list)
    unflagged: NDArray[np.bool_] | None = None


class RowReader:
    """Reads rows for one model; threads may share it.

    Attributes:
        plain_width: number of features if all of them are numbers, else None.
        columns: the columns that rows may have.

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
        columns = preprocessing.columns
        names = [column.name for column in columns]
        self.columns = ModelColumns(names, ignored, preprocessing.incomplete)
        self._records = RecordReader(self.columns, shape)
        self._readers = [
            (column.name, *_column_reader(column, values, formats)) for column in columns
        ]
        self._numeric = preprocessing.numeric_names
        self._plain = tuple(c.name for c in columns if isinstance(c, FittedNumeric))
        self._missing_numbers = [*values.missing_numbers]
        self.plain_width = len(names) if len(self._plain) == len(names) else None

    def take_numbers(self, numbers: NDArray[np.float64]) -> ReadRows:
        """Return finite numbers, shape `(rows, plain_width)`, as the model's columns."""
        self._mark_missing(numbers)
        return ReadRows(MatrixColumns(self._numeric, numbers, {}))

    def read(self, rows: Sequence[Any], rules: ColumnRules = NO_RULES) -> ReadRows:
        """Return the model's columns.

        Args:
            rows: JSON values: records, or arrays in the order of the model's features. A value
                that a record leaves out is missing.
            rules: rules for columns that records leave out or add.

        Raises:
            InvalidRowsError: some are not rows of such values, or are too many for their number
                of columns; names up to 20 of them.
        """
        records = self._records.read(rows, rules)
        require_few_values(len(records), len(self._readers), "features", MAX_CELLS)
        read = self._columns(rows, records, self._read_plain(records))
        if rules.missing != "ignore":
            return read
        return replace(read, unflagged=self._records.find_absent(records))

    def explain(self, rows: Sequence[Any]) -> ReadRows:
        """Return and raise the same as `read`, without its faster way for plain numbers."""
        return self._columns(rows, self._records.read(rows), None)

    def _columns(
        self,
        rows: Sequence[Any],
        records: Sequence[Record],
        plain: NDArray[np.float64] | None,
    ) -> ReadRows:
        """Return the columns, of which the plain ones may be known. Raises InvalidRowsError."""
        if plain is not None and len(self._plain) == len(self._readers):
            return ReadRows(MatrixColumns(self._numeric, plain, {}))
        columns, not_understood = self._convert(rows, records, is_plain=plain is not None)
        if plain is not None:
            numbers = zip(self._plain, plain.T, strict=True)
            columns |= {name: NumericColumn(values) for name, values in numbers}
        return ReadRows(self._as_matrix(len(rows), columns), not_understood)

    def _read_plain(self, records: Sequence[Record]) -> NDArray[np.float64] | None:
        """Return the numeric columns, `(rows, columns)`; None unless every value is plain.

        Plain are numbers within float64, and null. `_convert` returns the same for them.
        """
        values = [record.get(name) for record in records for name in self._plain]
        if not _PLAIN_TYPES.issuperset(map(type, values)):
            return None
        try:
            # None becomes NaN.
            numbers = np.array(values, np.float64).reshape(len(records), len(self._plain))
        except OverflowError:
            return None
        missing = np.isnan(numbers)
        if np.isinf(numbers).any() or missing.sum() != values.count(None):
            return None
        self._mark_missing(numbers)
        return numbers

    def _mark_missing(self, numbers: NDArray[np.float64]) -> None:
        if self._missing_numbers:
            numbers[np.isin(numbers, self._missing_numbers)] = np.nan

    def _convert(
        self, rows: Sequence[Any], records: Sequence[Record], *, is_plain: bool
    ) -> tuple[dict[str, Column], list[tuple[int, int]]]:
        """Return the columns, value by value, and the places of values that cannot be read.

        Args:
            rows: the rows.
            records: the same as records.
            is_plain: leave out the numeric columns.

        Raises:
            InvalidRowsError: some values are arrays, objects or NaN, or too many cannot be read.
        """
        skipped = frozenset(self._plain if is_plain else ())
        problems: list[FieldProblem] = []
        columns: dict[str, Column] = {}
        not_understood: list[tuple[int, int]] = []
        for index, (name, convert, build) in enumerate(self._readers):
            if name in skipped:
                continue
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
            if len(not_understood) > MAX_VALUES:
                raise too_many_values(f"more than {MAX_VALUES} values cannot be read")
        if problems:
            raise InvalidRowsError(problems)
        return columns, not_understood

    def _as_matrix(self, rows: int, columns: Mapping[str, Column]) -> MatrixColumns:
        """Return the columns with all numbers and times in one matrix."""
        matrix = np.empty((rows, len(self._numeric)))
        others = dict(columns)
        for index, name in enumerate(self._numeric):
            column = others.pop(name)
            assert isinstance(column, NumericColumn)  # noqa: S101 - as `_column_reader` builds it
            matrix[:, index] = column.values
        return MatrixColumns(self._numeric, matrix, others)


def _convert_all(
    name: str, records: Sequence[Record], convert: Convert
) -> tuple[list[Any], list[int]]:
    """Return the values of a column, and the positions of those that cannot be read."""
    values = [record.get(name) for record in records]
    if not _TEXT_TYPES.issuperset(map(type, values)):
        return _convert_each(values, convert)
    # Equal texts are equal values: each is converted once.
    distinct = list(set(values))
    converted, unreadable = _convert_each(distinct, convert)
    value_of = dict(zip(distinct, converted, strict=True))
    wrong = {distinct[position] for position in unreadable}
    positions = [position for position, value in enumerate(values) if value in wrong]
    return [value_of[value] for value in values], positions if wrong else []


def _convert_each(values: Sequence[object], convert: Convert) -> tuple[list[Any], list[int]]:
    converted: list[Any] = []
    unreadable: list[int] = []
    for position, value in enumerate(values):
        try:
            converted.append(convert(value))
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


def _column_reader(
    fitted: FittedColumn, values: ValueReader, time_formats: Mapping[str, str]
) -> tuple[Convert, Build]:
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
