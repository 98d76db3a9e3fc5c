"""Conversion of cells to the columns of a model; a cell that cannot be read is missing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.data.table import ISO, CategoricalColumn, Column, NumericColumn
from engine.data.value_reader import ValueReader, WrongValueError
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
from service.serializers.times import read_seconds
from store.intake.cell_table import CellColumn, CellUse, DistinctCells

# Converts one value of a column; builds the column from the converted values.
Convert: TypeAlias = Callable[[object], Any]
Build: TypeAlias = Callable[[Sequence[Any]], Column]
# Cells of a file, or JSON values.
Cells: TypeAlias = CellColumn | Sequence[Any]

_PLAIN_TYPES = frozenset((float, int, type(None)))
_TEXT_TYPES = frozenset((str, type(None)))


@dataclass(frozen=True)
class CellReader:
    """Reads the cells of one column.

    Attributes:
        name: the column's name.
        use: how the cells of a file are read.
        convert: conversion of a value.
        build: makes a column of converted values.
        missing_numbers: numbers that mark a missing value.
    """

    name: str
    use: CellUse
    convert: Convert
    build: Build
    missing_numbers: Sequence[float]

    def read(self, cells: Cells) -> tuple[Column, list[int]]:
        """Return the column, and the rows of cells that cannot be read."""
        if isinstance(cells, np.ndarray):
            return _take_finite(cells)
        if isinstance(cells, DistinctCells):
            return self._read_distinct(cells)
        plain = self._read_plain(cells) if self.use == "number" else None
        return self.read_values(cells) if plain is None else (NumericColumn(plain), [])

    def read_values(self, values: Sequence[Any]) -> tuple[Column, list[int]]:
        """Return the same as `read`, value by value."""
        converted, unreadable = _convert_all(values, self.convert)
        return self.build(converted), unreadable

    def _read_plain(self, values: Sequence[Any]) -> NDArray[np.float64] | None:
        numbers = plain_numbers(values)
        if numbers is not None and self.missing_numbers:
            numbers[np.isin(numbers, self.missing_numbers)] = np.nan
        return numbers

    def _read_distinct(self, cells: DistinctCells) -> tuple[Column, list[int]]:
        # The value after the last one stands for code −1, which is its index.
        converted, unreadable = _convert_each([*cells.values, None], self.convert)
        column = self.build(converted)
        rows = np.flatnonzero(np.isin(cells.codes, unreadable)).tolist() if unreadable else []
        if isinstance(column, NumericColumn):
            return NumericColumn(column.values[cells.codes]), rows
        return CategoricalColumn(column.codes[cells.codes], column.levels), rows


def plain_numbers(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """Return JSON values as float64, NaN for null; None unless each is a finite number or null."""
    if not _PLAIN_TYPES.issuperset(map(type, values)):
        return None
    try:
        # None becomes NaN.
        numbers = np.array(values, np.float64)
    except OverflowError:
        return None
    if np.count_nonzero(np.isfinite(numbers)) == len(numbers):
        return numbers
    return None if np.isinf(numbers).any() else numbers


def find_fault(value: object) -> str | None:
    """Return why something is not a JSON value of a cell; None if it is one."""
    if isinstance(value, list | Mapping):
        found = "an array" if isinstance(value, list) else "an object"
        return f"a value is a text, a number, a boolean or null, not {found}"
    return None


def make_cell_reader(
    fitted: FittedColumn, values: ValueReader, time_formats: Mapping[str, str]
) -> CellReader:
    """Return the reader of a column's cells."""
    use, convert, build = _find_conversion(fitted, values, time_formats)
    return CellReader(fitted.name, use, convert, build, tuple(values.missing_numbers))


def _find_conversion(
    fitted: FittedColumn, values: ValueReader, time_formats: Mapping[str, str]
) -> tuple[CellUse, Convert, Build]:
    match fitted:
        case FittedNumeric():
            return "number", values.number, _numeric_column
        case FittedTime():
            time_format = time_formats.get(fitted.name, ISO)
            return (
                "time",
                partial(read_seconds, values, time_format=time_format),
                _numeric_column,
            )
        case FittedBoolean():
            return "value", values.boolean, _boolean_column
        case FittedCategories() | FittedCodes() | FittedOrdinal():
            return "value", partial(values.category, levels=fitted.levels), _categorical_column
        case FittedText():
            # Every word is one of a text, also that of a boolean.
            words = ("true", "false")
            return "value", partial(values.category, levels=words), _categorical_column
        case _:
            assert_never(fitted)


def _take_finite(numbers: NDArray[np.float64]) -> tuple[Column, list[int]]:
    """Return numbers as a column in which infinity is missing, and its rows."""
    is_infinite = np.isinf(numbers)
    if not is_infinite.any():
        return NumericColumn(numbers), []
    return NumericColumn(np.where(is_infinite, np.nan, numbers)), np.flatnonzero(
        is_infinite
    ).tolist()


def _convert_all(values: Sequence[Any], convert: Convert) -> tuple[list[Any], list[int]]:
    """Return the values of a column, and the positions of those that cannot be read."""
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
