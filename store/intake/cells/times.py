"""Parsing of texts as times: seconds since 1970-01-01T00:00:00Z."""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.table import ISO
from store.intake.cells.text import ConversionError, cast_texts

# Size of the cache of parsed texts per column: all days of about thirty years.
MAX_CACHED = 10_000
MICROSECONDS = 1e6

_LOCAL, _UNIVERSAL = pa.timestamp("us"), pa.timestamp("us", "UTC")
_ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)"
_CLOCK = r"[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
_ISO = re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}(?:{_CLOCK}{_ZONE}?)?")
_ZONED = rf":\d{{2}}(?:\.\d+)?{_ZONE}$"


@dataclass(frozen=True)
class TimeFormat:
    """A format of times.

    Attributes:
        name: ISO, or a strptime format.
        pattern: matches texts of the format.
        late_day: matches those with a day that not every month has.
    """

    name: str
    pattern: re.Pattern[str]
    late_day: str = ""


# strptime format, pattern of a date, and pattern of a day that not every month has.
_LATE = r"(?:29|3[01])"
_DATES = (
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}", rf"^{_LATE}\."),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}", rf"^\d{{1,2}}/{_LATE}/"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}", rf"^{_LATE}/"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}", rf"^{_LATE}-"),
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}", rf"^\d{{4}}/\d{{1,2}}/{_LATE}"),
)
_CLOCKS = (
    ("", ""),
    (" %H:%M", r" \d{1,2}:\d{2}"),
    (" %H:%M:%S", r" \d{1,2}:\d{2}:[0-5]\d"),
)
TIME_FORMATS = (
    TimeFormat(ISO, _ISO),
    *(
        TimeFormat(date + clock, re.compile(reads + also), late)
        for date, reads, late in _DATES
        for clock, also in _CLOCKS
    ),
)
_BY_NAME = {form.name: form for form in TIME_FORMATS}


def find_time_formats(text: str) -> tuple[str, ...]:
    """Return the formats that a text matches."""
    return tuple(f.name for f in TIME_FORMATS if f.pattern.fullmatch(text))


def parse_times(texts: pa.Array, time_format: str) -> pa.Array:
    """Parse texts as float64 seconds. Raises ConversionError."""
    if time_format == ISO:
        return _parse_iso(texts)
    return _parse_format(texts, _BY_NAME[time_format])


class TimeParser:
    """Parses the times of one column; repeated texts are parsed once."""

    def __init__(self, time_format: str) -> None:
        self._format = time_format
        self._texts = pa.array([], pa.string())
        self._seconds = pa.array([], pa.float64())

    def parse(self, texts: pa.Array) -> pa.Array:
        """Parse texts as float64 seconds. Raises ConversionError."""
        if self._format == ISO:
            return _parse_iso(texts)
        encoded = texts.dictionary_encode()
        values = encoded.dictionary
        indices = pc.index_in(values, value_set=self._texts)
        if indices.null_count:
            unseen = values.filter(pc.is_null(indices))
            if len(self._texts) + len(unseen) > MAX_CACHED:
                return parse_times(values, self._format).take(encoded.indices)
            seconds = parse_times(unseen, self._format)
            self._texts = pa.concat_arrays([self._texts, unseen])
            self._seconds = pa.concat_arrays([self._seconds, seconds])
            indices = pc.index_in(values, value_set=self._texts)
        return self._seconds.take(indices).take(encoded.indices)


def _parse_format(texts: pa.Array, form: TimeFormat) -> pa.Array:
    if not pc.all(pc.match_substring_regex(texts, f"^{form.pattern.pattern}$")).as_py():
        raise ConversionError
    try:
        times = pc.strptime(texts, format=form.name, unit="us")
    except pa.ArrowInvalid as error:
        raise ConversionError from error
    # strptime parses February 30 as March 1 or 2.
    early = texts.filter(pc.less_equal(pc.day(times), 3))
    if pc.any(pc.match_substring_regex(early, form.late_day)).as_py():
        raise ConversionError
    return to_seconds(times)


def _parse_iso(texts: pa.Array) -> pa.Array:
    try:
        return to_seconds(cast_texts(texts, _LOCAL))
    except ConversionError:
        pass
    # Fractions finer than a microsecond, or time zones.
    if pc.any(pc.match_substring_regex(texts, r"\.\d{7}")).as_py():
        texts = pc.replace_substring_regex(texts, r"(\.\d{6})\d+", r"\1")
    zoned = pc.match_substring_regex(texts, _ZONED)
    local = cast_texts(pc.if_else(zoned, None, texts), _LOCAL)
    universal = cast_texts(pc.if_else(zoned, texts, None), _UNIVERSAL)
    return pc.coalesce(to_seconds(local), to_seconds(universal))


def to_seconds(times: pa.Array) -> pa.Array:
    """Convert timestamps of any unit to float64 seconds; those without a zone are UTC."""
    per_second = {"s": 1.0, "ms": 1e3, "us": MICROSECONDS, "ns": 1e9}[times.type.unit]
    ticks = pc.cast(pc.cast(times, pa.int64()), pa.float64(), safe=False)
    return pc.divide(ticks, per_second)
