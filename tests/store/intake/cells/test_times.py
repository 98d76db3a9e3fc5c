"""Times are parsed equally with and without the cache of repeated texts."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from store.datasets.time_text import format_time
from store.intake.cells import times
from store.intake.cells.text import ConversionError
from store.intake.cells.times import TimeParser


@pytest.mark.parametrize("cached", [0, 3, 10_000])
def test_batches_of_days(monkeypatch: pytest.MonkeyPatch, cached: int) -> None:
    monkeypatch.setattr(times, "MAX_CACHED", cached)
    parser = TimeParser("%d.%m.%Y")
    first = datetime(1969, 12, 30, tzinfo=UTC)
    for batch in ([0, 1, 1], [1, 2, None], [5, 6, 7, 0], [7, 2]):
        days = [None if n is None else first + timedelta(days=n) for n in batch]
        texts = pa.array([None if d is None else f"{d.day}.{d.month}.{d.year}" for d in days])
        found = parser.parse(texts).to_pylist()
        assert found == [None if d is None else d.timestamp() for d in days]


@pytest.mark.parametrize("text", ["29.02.2023", "31.4.2024", "32.1.2024", "1.13.2024", "1.1.24"])
def test_invalid_day_is_refused(text: str) -> None:
    with pytest.raises(ConversionError):
        TimeParser("%d.%m.%Y").parse(pa.array(["29.02.2024", text]))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "1970-01-01"),
        (-0.5, "1969-12-31T23:59:59.500000Z"),
        (60.0, "1970-01-01T00:01:00Z"),
        (253_402_300_800.0, "253402300800.0"),
    ],
)
def test_time_is_formatted(seconds: float, text: str) -> None:
    assert format_time(seconds) == text
