"""Rows or columns of a JSON body as the columns of a model."""

from functools import partial
from typing import Any

from fastapi.exceptions import RequestValidationError

from engine.json_pointer import json_pointer
from service.http.errors import InvalidRowsError
from service.http.json_bodies import MAX_FIELDS, parse_rows
from service.http.json_reader import JsonLimits, Path, TooManyChildrenError
from service.predictions.json_columns import read_json_columns
from service.predictions.json_limits import require_few_containers
from service.predictions.number_rows import read_number_rows
from service.schemas.common import FieldProblem
from service.schemas.predictions import MAX_ROWS, PredictRequest
from service.serializers.model_columns import NO_RULES, ColumnRules
from service.serializers.rows import ReadRows, RowReader

# Columns that a record may have besides those of the dataset.
MAX_EXTRA_COLUMNS = 1_024
ROWS = ["rows"]


def read_json(body: bytes, reader: RowReader, rules: ColumnRules = NO_RULES) -> ReadRows:
    """Return the rows of a body.

    Arrays of plain numbers are read directly. The general reader reads any rows and explains what
    is wrong; for plain numbers it returns the same columns. Reading stops at 20 wrong rows.

    Raises:
        RequestValidationError: the body is not a `PredictRequest`.
        InvalidRowsError: some rows are not rows of the model, or there are too many.
    """
    if reader.plain_width is not None:
        numbers = read_number_rows(body, reader.plain_width, MAX_ROWS)
        if numbers is not None:
            return reader.take_numbers(numbers)
    require_few_containers(body, reader.shapes)
    request = _parse(body, reader, rules)
    if request.columns:
        return read_json_columns(request.columns, reader, rules)
    return reader.read(request.rows, rules)


def _parse(body: bytes, reader: RowReader, rules: ColumnRules) -> PredictRequest:
    """Raises RequestValidationError, InvalidRowsError."""
    limits = JsonLimits(partial(_find_limit, reader), partial(_check, reader, rules))
    try:
        return parse_rows(PredictRequest, body, limits)
    except TooManyChildrenError as error:
        if error.path == ROWS:
            problem = {"type": "too_long", "loc": ("body", *ROWS), "msg": "", "ctx": _ROWS_CONTEXT}
            raise RequestValidationError([problem]) from error
        detail = f"more than {error.limit} values"
        pointer = json_pointer(*error.path)
        found = FieldProblem(pointer=pointer, code="too_many_values", detail=detail)
        raise InvalidRowsError([found]) from error


_ROWS_CONTEXT = {"field_type": "List", "max_length": MAX_ROWS}


def _find_limit(reader: RowReader, path: Path) -> int:
    """Return the most children of an array or object of a body."""
    width = len(reader.columns.known) + MAX_EXTRA_COLUMNS
    match path:
        case []:
            return MAX_FIELDS
        case ["rows"] | ["columns", _]:
            return MAX_ROWS
        case ["rows", *_] | ["columns"]:
            return width
        case _:
            return MAX_EXTRA_COLUMNS


def _check(reader: RowReader, rules: ColumnRules, path: Path, items: list[Any]) -> None:
    if path == ROWS:
        reader.check_last(items, rules)
