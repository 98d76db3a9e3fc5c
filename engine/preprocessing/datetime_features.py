"""Calendar features of times, in UTC."""

import numpy as np
from numpy.typing import NDArray

from engine.specs import TimePart

_DAY = 86_400
# Years 1 to 9999; times beyond are outside the calendar and may not fit an int64.
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0


def count_part_inputs(part: TimePart) -> int:
    """Return the number of inputs of a part: one for the year, sine and cosine for all others."""
    return 1 if part == "year" else 2


def years_of(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the year of each time, shape `(rows,)`.

    Args:
        seconds: seconds since 1970-01-01T00:00:00Z, none missing.
    """
    years: NDArray[np.float64] = (_truncate(seconds, "Y").astype(np.int64) + 1970).astype(float)
    return years


def elapsed_fraction(seconds: NDArray[np.float64], part: TimePart) -> NDArray[np.float64]:
    """Return the elapsed fraction of the year, week or day, 0 … 1, shape `(rows,)`.

    month: whole days of the year; weekday: whole days since Monday; hour: seconds of the day.
    """
    seconds = np.clip(seconds, _FIRST, _LAST)
    days = np.floor(seconds / _DAY)
    if part == "hour":
        return np.asarray((seconds - days * _DAY) / _DAY)
    if part == "weekday":
        # 1970 began on a Thursday.
        return np.asarray((days + 3) % 7 / 7)
    year = _truncate(seconds, "Y")
    first, last = _days_of(year), _days_of(year + 1)
    return np.asarray((days - first) / (last - first))


def _truncate(seconds: NDArray[np.float64], unit: str) -> NDArray[np.datetime64]:
    clipped = np.floor(np.clip(seconds, _FIRST, _LAST)).astype(np.int64)
    truncated: NDArray[np.datetime64] = clipped.astype("datetime64[s]").astype(
        f"datetime64[{unit}]"
    )
    return truncated


def _days_of(dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return days since 1970-01-01."""
    return dates.astype("datetime64[D]").astype(np.int64)
