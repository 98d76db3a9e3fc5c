"""Rows in the client's own words become columns; what cannot be read is named by its pointer."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, assert_never

import numpy as np

from engine.preprocessing import (
    FittedBoolean,
    FittedCodes,
    FittedColumn,
    FittedLevels,
    FittedNumeric,
    Preprocessing,
)
from engine.tables import Column, LevelColumn, NumericColumn
from service.errors import InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.models import Scalar

MAX_PROBLEMS = 20
Value = TypeVar("Value")
Record = Mapping[str, Scalar]


class _WrongValueError(Exception):
    """A value of a type that its column cannot take."""


def read_rows(
    rows: Sequence[Record] | Sequence[Sequence[Scalar]],
    preprocessing: Preprocessing,
    others: set[str],
) -> dict[str, Column]:
    """The model's columns.

    Args:
        rows: as records, or as arrays in the order of the model's features.
        preprocessing: of the model.
        others: columns of its dataset that may stay in a record, and are not looked at.

    Raises:
        InvalidRowsError: naming the values that do not fit.
    """
    records = _records(rows, preprocessing, others)
    return _columns(records, preprocessing)


def _records(
    rows: Sequence[Record] | Sequence[Sequence[Scalar]],
    preprocessing: Preprocessing,
    others: set[str],
) -> list[Record]:
    """Rows as records; arrays are named in the order of the model's features."""
    names = [column.name for column in preprocessing.columns]
    known = {*names, *others}
    records: list[Record] = []
    problems: list[FieldProblem] = []
    for position, row in enumerate(rows):
        if isinstance(row, Mapping):
            problems += [_unknown_column(position, name) for name in row if name not in known]
            records.append(row)
        elif len(row) == len(names):
            records.append(dict(zip(names, row, strict=True)))
        else:
            detail = f"the row has {len(row)} values, the model has {len(names)} features"
            problems.append(
                FieldProblem(pointer=f"/rows/{position}", code="wrong_length", detail=detail)
            )
        _raise_if_many(problems)
    if problems:
        raise InvalidRowsError(problems)
    return records


def _unknown_column(position: int, name: str) -> FieldProblem:
    escaped = name.replace("~", "~0").replace("/", "~1")
    return FieldProblem(
        pointer=f"/rows/{position}/{escaped}",
        code="unknown_column",
        detail="the model has no such feature",
    )


def _raise_if_many(problems: list[FieldProblem]) -> None:
    if len(problems) >= MAX_PROBLEMS:
        raise InvalidRowsError(problems[:MAX_PROBLEMS])


def _columns(records: Sequence[Record], preprocessing: Preprocessing) -> dict[str, Column]:
    problems: list[FieldProblem] = []
    columns = {column.name: _column(column, records, problems) for column in preprocessing.columns}
    if problems:
        raise InvalidRowsError(problems[:MAX_PROBLEMS])
    return columns


def _column(
    fitted: FittedColumn, records: Sequence[Record], problems: list[FieldProblem]
) -> Column:
    match fitted:
        case FittedNumeric():
            numbers = _converted(fitted.name, records, _number, problems)
            return NumericColumn(np.array(numbers, dtype=np.float64))
        case FittedBoolean():
            booleans = _converted(fitted.name, records, _boolean, problems)
            return LevelColumn(np.array(booleans, dtype=np.int32), (False, True))
        case FittedLevels() | FittedCodes():
            texts = _converted(fitted.name, records, _text, problems)
            levels = tuple(sorted({text for text in texts if text is not None}))
            codes = {level: code for code, level in enumerate(levels)}
            found = [-1 if text is None else codes[text] for text in texts]
            return LevelColumn(np.array(found, dtype=np.int32), levels)
        case _:
            assert_never(fitted)


def _converted(
    name: str,
    records: Sequence[Record],
    convert: Callable[[Scalar], Value],
    problems: list[FieldProblem],
) -> list[Value]:
    values: list[Value] = []
    for position, record in enumerate(records):
        try:
            values.append(convert(record.get(name)))
        except _WrongValueError as error:
            escaped = name.replace("~", "~0").replace("/", "~1")
            pointer = f"/rows/{position}/{escaped}"
            problems.append(FieldProblem(pointer=pointer, code="wrong_type", detail=str(error)))
            _raise_if_many(problems)
            values.append(convert(None))
    return values


def _number(value: Scalar) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool | str):
        raise _WrongValueError("a number is expected")
    try:
        return float(value)
    except OverflowError as error:
        raise _WrongValueError("the number is too large") from error


def _boolean(value: Scalar) -> int:
    if value is None:
        return -1
    text = str(value).lower()
    if isinstance(value, bool | str) and text in {"true", "false"}:
        return int(text == "true")
    raise _WrongValueError("true or false is expected")


def _text(value: Scalar) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _WrongValueError("a text is expected")
