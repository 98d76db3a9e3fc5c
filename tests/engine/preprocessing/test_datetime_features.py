"""Calendar features compared with hand-computed values."""

from datetime import UTC, datetime

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn
from engine.preprocessing.datetime_features import elapsed_fraction, years_of
from engine.preprocessing.fitted import FittedTime, NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import TimePart
from tests.engine.examples import FLOAT64, Matrix, fit, numbers

PARTS: tuple[TimePart, ...] = ("year", "month", "weekday", "hour")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def encode(
    *times: float | None, minimum: float | None = None, maximum: float | None = None
) -> Matrix:
    fill = at("2022-01-01")
    fitted = FittedTime("t", PARTS, 2020, 2, fill, minimum, maximum)
    columns: dict[str, Column] = {"t": numbers(*times)}
    preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
    return preprocessing.transform(columns, FLOAT64).astype(np.float64)


@pytest.mark.parametrize(
    ("text", "year", "month", "weekday", "hour"),
    [
        ("1970-01-01T00:00:00", 1970, 0, 3 / 7, 0),
        ("2024-01-01T12:00:00", 2024, 0, 0, 0.5),  # a Monday
        ("2024-12-31T18:30:00", 2024, 365 / 366, 1 / 7, 18.5 / 24),
        ("2023-12-31T23:59:59", 2023, 364 / 365, 6 / 7, 86399 / 86400),
        ("1969-12-31T00:00:00", 1969, 364 / 365, 2 / 7, 0),
        ("0001-01-01T00:00:00", 1, 0, 0, 0),
    ],
)
def test_parts_are_those_of_the_calendar(
    text: str, year: int, month: float, weekday: float, hour: float
) -> None:
    seconds = np.array([at(text)])
    assert years_of(seconds).tolist() == [year]
    found = [elapsed_fraction(seconds, part)[0] for part in ("month", "weekday", "hour")]
    np.testing.assert_allclose(found, [month, weekday, hour], atol=1e-12)


def test_year_is_scaled_and_other_parts_are_cyclic() -> None:
    (row,) = encode(at("2024-01-01T06:00:00"))
    np.testing.assert_allclose(row, [2, 0, 1, 0, 1, 1, 0], atol=1e-12)


def test_missing_time_is_filled() -> None:
    assert encode(None).tolist() == encode(at("2022-01-01")).tolist()


@pytest.mark.parametrize("seconds", [1e308, -1e308, 1e18, np.inf])
def test_time_outside_the_calendar_is_clamped(seconds: float) -> None:
    assert np.isfinite(encode(seconds)).all()
    year = years_of(np.array([seconds]))[0]
    assert year == (9999 if seconds > 0 else 1)


def test_time_far_outside_the_training_range_is_clipped() -> None:
    first, last = at("2020-01-01"), at("2020-01-02")
    clipped = encode(1e12, minimum=first, maximum=last)
    assert clipped.tolist() == encode(last + 1000 * (last - first)).tolist()


def test_years_of_the_training_rows_are_standardized() -> None:
    column = NumericColumn(np.array([at("2019-05-01"), at("2023-01-01"), np.nan, at("2000-01-01")]))
    own = {"columns": {"x": {"time": ["year", "hour"], "missing_indicator": True}}}
    fitted = fit(column, [0, 1, 2], missing="median", **own)
    assert fitted == FittedTime(
        "x",
        ("year", "hour"),
        center=2021,
        scale=2,
        fill=(at("2019-05-01") + at("2023-01-01")) / 2,
        minimum=at("2019-05-01"),
        maximum=at("2023-01-01"),
        indicator=True,
    )


def test_single_year_has_scale_one_and_no_year_is_unscaled() -> None:
    one = fit(numbers(at("2020-03-01"), at("2020-05-01")), columns={"x": {"time": ["year"]}})
    assert isinstance(one, FittedTime)
    assert (one.center, one.scale) == (2020, 1)
    none = fit(numbers(at("2020-03-01")), columns={"x": {"time": ["month"]}})
    assert isinstance(none, FittedTime)
    assert (none.center, none.scale) == (0, 1)
