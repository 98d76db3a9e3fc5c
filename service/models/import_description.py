"""Parsing of the description of an imported model, which may have thousands of columns."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from engine.specs import MAX_FEATURES
from service.http.errors import StoppedValidationError
from service.http.fail_fast import make_fail_fast_validator
from service.http.json_bodies import MAX_FIELDS, MAX_VALUES, parse_body, parse_rows
from service.http.json_reader import JsonLimits, Path, TooManyChildrenError
from service.http.json_scan import count_values
from service.schemas.imports import ImportRequest, SomeColumns

# A column of an exported model has 11 values of more bytes each.
BYTES_PER_VALUE = 10
_COLUMNS = ["preprocessing", "columns"]


def parse_description(content: bytes) -> ImportRequest:
    """Parse and validate a description. Raises RequestValidationError.

    One with more values than other bodies may have is read piece by piece, and its columns are
    validated as they are read: reading stops at the first wrong one.
    """
    if count_values(content, MAX_VALUES) <= MAX_VALUES:
        return parse_body(ImportRequest, content)
    limit = MAX_VALUES + len(content) // BYTES_PER_VALUE
    if count_values(content, limit) > limit:
        what = f"{MAX_VALUES} and one per {BYTES_PER_VALUE} bytes"
        raise _too_many([], f"more than {limit} values: a model of this size has at most {what}")
    try:
        return parse_rows(ImportRequest, content, JsonLimits(_find_limit, _Columns().build_last))
    except TooManyChildrenError as error:
        raise _too_many(error.path, f"more than {error.limit} items") from error


def _too_many(path: Path, message: str) -> RequestValidationError:
    problem = {"type": "too_many_values", "loc": ("body", *path), "msg": message}
    return RequestValidationError([problem])


def _find_limit(path: Path) -> int:
    """Return the most children of an array or object of a description."""
    return MAX_FEATURES if path[:1] == ["preprocessing"] else MAX_FIELDS


class _Columns:
    """Replaces the columns that have been read by validated ones."""

    def __init__(self) -> None:
        self._built = 0

    def build_last(self, path: Path, items: list[Any]) -> None:
        """Validate the items since the last call, if they are columns.

        Raises StoppedValidationError.
        """
        if path != _COLUMNS:
            return
        begin = self._built
        validator = make_fail_fast_validator(SomeColumns)
        try:
            items[begin:] = validator.validate_python({"columns": items[begin:]}).columns
        except ValidationError as error:
            raise _locate(error, items, begin) from error
        self._built = len(items)


def _locate(error: ValidationError, items: list[Any], begin: int) -> StoppedValidationError:
    """Return the error of some columns as one of the body.

    Args:
        error: the error, at `columns`, an index, and so on.
        items: all columns that have been read.
        begin: index of the first of those that were validated.
    """
    problems: list[dict[str, Any]] = []
    wrong: dict[int, Any] = {}
    for found in error.errors():
        _, index, *rest = found["loc"]
        at = begin + int(index)
        wrong[at] = items[at]
        problems.append({**found, "loc": ("body", *_COLUMNS, at, *rest)})
    return StoppedValidationError(problems, body={"preprocessing": {"columns": wrong}})
