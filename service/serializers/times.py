"""Reading of times, in the format of the file or as RFC 3339."""

import math
import re
from datetime import UTC, datetime

from engine.data.table import ISO
from engine.data.value_reader import ValueReader, WrongValueError, is_missing_word

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_seconds(reader: ValueReader, value: object, time_format: str) -> float:
    """Return seconds since 1970 in UTC, NaN if missing. Raises WrongValueError.

    Args:
        reader: reader in the notation of the file.
        value: a time as text, or seconds since 1970 as a number.
        time_format: format of the column's times in the file.
    """
    if not isinstance(value, str):
        try:
            return reader.number(value)
        except WrongValueError as error:
            raise WrongValueError(_time_expected(time_format)) from error
    text = reader.clean(value)
    if text is None:
        return math.nan
    for name in dict.fromkeys((time_format, ISO)):
        time = _parse_time(text, name)
        if time is not None:
            return (time - _EPOCH).total_seconds()
    if is_missing_word(text):
        return math.nan
    raise WrongValueError(_time_expected(time_format))


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
