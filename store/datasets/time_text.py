"""Seconds since 1970-01-01T00:00:00Z as text."""

from datetime import UTC, datetime, timedelta

DAY = 86_400
# From the year 1 to the end of 9999, in seconds.
FIRST, END = -62_135_596_800.0, 253_402_300_800.0


def format_time(seconds: float) -> str:
    """Return a time (seconds since 1970) in ISO 8601; midnight as a date."""
    if not FIRST <= seconds < END:
        return repr(seconds)
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if seconds % DAY == 0:
        return time.date().isoformat()
    return time.replace(tzinfo=None).isoformat() + "Z"
