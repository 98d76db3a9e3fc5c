"""Parsing of JSON values into numbers, booleans, times and categories."""

import math
import re
from datetime import UTC, datetime
from typing import assert_never

from engine.data.table import ISO, FileConventions
from engine.specs import MAX_EXACT_INTEGER
from service.schemas.models import Scalar
from store.intake.options import STATED_FALSE, STATED_TRUE

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTH = dict.fromkeys(STATED_TRUE, 1) | dict.fromkeys(STATED_FALSE, 0)


class WrongValueError(Exception):
    """A value of the wrong type for its column."""


class ValueReader:
    """Reads values in the notation of the file that the model was trained on.

    Args:
        conventions: missing-value markers and decimal separator of that file.
    """

    def __init__(self, conventions: FileConventions) -> None:
        self._missing = frozenset(conventions.missing)
        self._decimal = conventions.decimal

    def number(self, value: Scalar) -> float:
        """Return a number, NaN if missing. Raises WrongValueError."""
        if type(value) is float:
            return value  # the most frequent case first
        match value:
            case None:
                return math.nan
            case bool():
                raise WrongValueError("a number is expected")
            case int() | float():
                return _to_float(value)
            case str():
                text = self._clean(value)
                return math.nan if text is None else self._parse_number(text)
            case _:
                assert_never(value)

    def boolean(self, value: Scalar) -> int:
        """Return 0 or 1, −1 if missing. Raises WrongValueError."""
        text = self._clean(value) if isinstance(value, str) else value
        if text is None:
            return -1
        # The only numbers among the spellings are 0 and 1.
        found = _TRUTH.get(str(text).lower() if isinstance(text, str | bool) else _write(text))
        if found is None:
            raise WrongValueError("true or false is expected")
        return found

    def seconds(self, value: Scalar, time_format: str) -> float:
        """Return seconds since 1970 in UTC, NaN if missing. Raises WrongValueError."""
        if not isinstance(value, str):
            try:
                return self.number(value)
            except WrongValueError as error:
                raise WrongValueError(_time_expected(time_format)) from error
        text = self._clean(value)
        if text is None:
            return math.nan
        for name in dict.fromkeys((time_format, ISO)):
            time = _parse_time(text, name)
            if time is not None:
                return (time - _EPOCH).total_seconds()
        raise WrongValueError(_time_expected(time_format))

    def category(self, value: Scalar) -> str | None:
        """Return a category or a text, None if missing. Raises WrongValueError."""
        if value is None:
            return None
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, bool):
            raise WrongValueError("a text is expected")
        return _write(value).replace(".", self._decimal)

    def _clean(self, text: str) -> str | None:
        """Return the text without surrounding whitespace; None if it denotes a missing value."""
        text = text.strip()
        return None if not text or text in self._missing else text

    def _parse_number(self, text: str) -> float:
        if text.lower() == "nan":
            return math.nan
        plain = text
        if self._decimal != ".":
            # With a decimal comma a point is ambiguous: it may separate thousands.
            plain = text.replace(".", " ").replace(self._decimal, ".")
        if not _NUMBER.fullmatch(plain):
            example = f"1{self._decimal}5"
            raise WrongValueError(f"a number is expected, such as {example}, not {text[:40]!r}")
        return _to_float(plain)


def _to_float(value: float | str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isinf(number):
        raise WrongValueError("the number is too large")
    return number


def _write(number: float) -> str:
    """Return the shortest text of a number: 7 for 7.0."""
    if isinstance(number, float) and number.is_integer() and abs(number) < MAX_EXACT_INTEGER:
        number = int(number)
    try:
        return str(number)
    except ValueError as error:
        # Python does not format integers of thousands of digits.
        raise WrongValueError("the number is too large") from error


def _parse_time(text: str, time_format: str) -> datetime | None:
    """Parse a time, in UTC if it has no zone; None if it does not match the format."""
    try:
        if time_format == ISO:
            time = datetime.fromisoformat(text)
        else:
            time = datetime.strptime(text, time_format)  # noqa: DTZ007 - a zone follows below
    except (ValueError, OverflowError, re.error):
        # An imported model may have an invalid format.
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _time_expected(time_format: str) -> str:
    also = "" if time_format == ISO else f", or {time_format}"
    return f"a time is expected: RFC 3339, a date, or seconds since 1970{also}"
