"""One value in the client's own words: a number, a truth value, a time or a category."""

import math
import re
from datetime import UTC, datetime
from typing import assert_never

from engine.data.table import ISO, FileConventions
from service.schemas.models import Scalar
from store.intake.options import STATED_FALSE, STATED_TRUE

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTH = dict.fromkeys(STATED_TRUE, 1) | dict.fromkeys(STATED_FALSE, 0)
# Beyond it not every whole number is a float64.
_EXACT = 2**53


class WrongValueError(Exception):
    """A value that its column cannot take."""


class ValueReader:
    """Reads values as the file of the model's table wrote them.

    Args:
        words: of the table.
    """

    def __init__(self, words: FileConventions) -> None:
        self._missing = frozenset(words.missing)
        self._decimal = words.decimal

    def number(self, value: Scalar) -> float:
        """NaN for a missing one. Raises WrongValueError."""
        if type(value) is float:
            return value  # nearly every time
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

    def truth(self, value: Scalar) -> int:
        """0 or 1, −1 for a missing one. Raises WrongValueError."""
        text = self._clean(value) if isinstance(value, str) else value
        if text is None:
            return -1
        # Of numbers, only 0 and 1 are written like a word.
        found = _TRUTH.get(str(text).lower() if isinstance(text, str | bool) else _write(text))
        if found is None:
            raise WrongValueError("true or false is expected")
        return found

    def seconds(self, value: Scalar, time_format: str) -> float:
        """Seconds since 1970 in UTC, NaN for a missing time. Raises WrongValueError."""
        if not isinstance(value, str):
            try:
                return self.number(value)
            except WrongValueError as error:
                raise WrongValueError(_expect_time(time_format)) from error
        text = self._clean(value)
        if text is None:
            return math.nan
        for name in dict.fromkeys((time_format, ISO)):
            time = _parse_time(text, name)
            if time is not None:
                return (time - _EPOCH).total_seconds()
        raise WrongValueError(_expect_time(time_format))

    def level(self, value: Scalar) -> str | None:
        """A category or a text, None for a missing one. Raises WrongValueError."""
        if value is None:
            return None
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, bool):
            raise WrongValueError("a text is expected")
        return _write(value).replace(".", self._decimal)

    def _clean(self, text: str) -> str | None:
        """Without blanks around it; None if it stands for a missing value."""
        text = text.strip()
        return None if not text or text in self._missing else text

    def _parse_number(self, text: str) -> float:
        if text.lower() == "nan":
            return math.nan
        plain = text
        if self._decimal != ".":
            # A point is no decimal comma: it may as well stand between thousands.
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
    """The shortest text of a number: 7 for 7.0."""
    if isinstance(number, float) and number.is_integer() and abs(number) < _EXACT:
        number = int(number)
    try:
        return str(number)
    except ValueError as error:
        # Python writes no number of thousands of digits.
        raise WrongValueError("the number is too large") from error


def _parse_time(text: str, time_format: str) -> datetime | None:
    """The time in UTC, which is meant where no zone is said; None if it is written otherwise."""
    try:
        if time_format == ISO:
            time = datetime.fromisoformat(text)
        else:
            time = datetime.strptime(text, time_format)  # noqa: DTZ007 - a zone follows below
    except (ValueError, OverflowError, re.error):
        # A format may come with an imported model, and be none.
        return None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _expect_time(time_format: str) -> str:
    also = "" if time_format == ISO else f"; or as {time_format}"
    return f"a time is expected: RFC 3339, a date, or seconds since 1970{also}"
