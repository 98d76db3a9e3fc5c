"""Reading of client rows by the conventions of the model's dataset."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import Column, FileConventions, NumericColumn
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidRowsError
from service.schemas.models import Scalar
from service.serializers.rows import MAX_PROBLEMS, RowReader

NUMBER = FittedNumeric("v", 0, 1, 0)
TRUTH = FittedBoolean("v", 0)
TIME = FittedTime("v", ("year",), 2000, 1, 0)
LEVELS = FittedCategories("v", ("a",))
COMMA = FileConventions(missing=("NA", "-"), decimal=",", time_formats={"v": "%d.%m.%Y"})


def read(fitted: FittedColumn, value: Any, words: FileConventions = COMMA) -> Any:
    """Return the value that the reader makes of a row's only cell."""
    reader = RowReader(Preprocessing((fitted,), NumericTarget("y", 0, 1), words))
    column = reader.read([{"v": value}])["v"]
    if isinstance(column, NumericColumn):
        return column.values.tolist()[0]
    (code,) = column.codes.tolist()
    return None if code < 0 else column.levels[code]


def refuse(fitted: FittedColumn, value: Any, words: FileConventions = COMMA) -> str:
    with pytest.raises(InvalidRowsError) as raised:
        read(fitted, value, words)
    (problem,) = raised.value.errors
    assert (problem.pointer, problem.code) == ("/rows/0/v", "wrong_type")
    return problem.detail


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, 1.5),
        (-3, -3.0),
        ("1,5", 1.5),
        (" -1,5e2 ", -150.0),
        ("7", 7.0),
        (",5", 0.5),
        (1.7e308, 1.7e308),
        ("1e308", 1e308),
    ],
)
def test_numbers_are_read_by_the_files_conventions(value: Any, expected: float) -> None:
    assert read(NUMBER, value) == expected
    assert read(TIME, 1.5e9) == 1.5e9


@pytest.mark.parametrize("value", [None, "", "  ", "NA", " - ", "nan"])
def test_markers_of_missing_values_are_missing(value: Any) -> None:
    assert math.isnan(read(NUMBER, value))
    if value != "nan":
        assert math.isnan(read(TIME, value))
        assert read(LEVELS, value) is None
        assert read(TRUTH, value) is None
        assert read(FittedText("v", 4), value) is None


@pytest.mark.parametrize(
    "value",
    [True, "1.5", "1.234,5", "abc", "1_000", "inf", "-Infinity", "0x10", "1,2,3", "١", "--5"],
)
def test_invalid_number_is_rejected(value: Any) -> None:
    assert "a number is expected" in refuse(NUMBER, value)


@pytest.mark.parametrize("value", [10**400, -(10**4000), "1e999", "9" * 5000])
def test_number_too_large_for_a_float_is_rejected(value: Any) -> None:
    assert refuse(NUMBER, value) == "the number is too large"


def test_point_is_a_point_where_the_file_had_points() -> None:
    assert read(NUMBER, "1.5", FileConventions()) == 1.5
    assert "such as 1.5" in refuse(NUMBER, "1,5", FileConventions())


@pytest.mark.parametrize("value", [True, "true", "TRUE", " yes ", "1", 1, 1.0, "t"])
def test_true_values(value: Any) -> None:
    assert read(TRUTH, value) is True


@pytest.mark.parametrize("value", [False, "false", "No", "0", 0, 0.0, "off"])
def test_false_values(value: Any) -> None:
    assert read(TRUTH, value) is False


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, -1, 10**4000])
def test_invalid_boolean_is_rejected(value: Any) -> None:
    refuse(TRUTH, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("31.01.2024", "2024-01-31T00:00+00:00"),
        ("2024-01-31", "2024-01-31T00:00+00:00"),
        ("2024-01-31T10:30:00Z", "2024-01-31T10:30+00:00"),
        ("2024-01-31T10:30:00+02:00", "2024-01-31T08:30+00:00"),
        (" 2024-01-31 10:30 ", "2024-01-31T10:30+00:00"),
        ("2024-01-31T10:30:00.25Z", "2024-01-31T10:30:00.25+00:00"),
    ],
)
def test_times_are_read_in_the_files_format_or_iso_8601(value: str, expected: str) -> None:
    assert read(TIME, value) == seconds(expected)


@pytest.mark.parametrize("value", ["01/31/2024", "yesterday", True, "99.99.2024", 10**400])
def test_invalid_time_is_rejected(value: Any) -> None:
    assert "a time is expected" in refuse(TIME, value)
    assert "%d.%m.%Y" in refuse(TIME, value)


@pytest.mark.parametrize("time_format", ["%Y%Y", "%", "%Q", "(", "%d" * 32])
def test_invalid_time_format_falls_back_to_iso_8601(time_format: str) -> None:
    words = FileConventions(time_formats={"v": time_format})
    assert read(TIME, "2024-01-31", words) == seconds("2024-01-31T00:00+00:00")
    refuse(TIME, "x", words)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", "red"),
        (" red ", "red"),
        (7, "7"),
        (7.0, "7"),
        (0.5, "0,5"),
        (-2.0, "-2"),
        (1e300, "1e+300"),
        (2**60, str(2**60)),
    ],
)
def test_categories_are_trimmed_and_numbers_are_written_short(value: Any, expected: str) -> None:
    assert read(LEVELS, value) == expected


def test_invalid_category_is_rejected() -> None:
    assert refuse(LEVELS, True) == "a text is expected"
    # Python does not convert an integer of this many digits to text.
    assert refuse(LEVELS, 10**5000) == "the number is too large"


def test_record_may_lack_columns_and_have_others() -> None:
    columns = (FittedNumeric("a", 0, 1, 0), FittedCategories("b", ("x",)))
    reader = RowReader(Preprocessing(columns, NumericTarget("y", 0, 1)), frozenset({"y"}))
    rows: list[dict[str, Scalar]] = [{"y": 3, "b": "x"}, {}, {"a": 1, "b": "z"}]
    read = reader.read(rows)
    assert isinstance(read["a"], NumericColumn)
    np.testing.assert_array_equal(read["a"].values, [np.nan, np.nan, 1])
    assert getattr(read["b"], "codes", np.zeros(0)).tolist() == [0, -1, 1]
    with pytest.raises(InvalidRowsError) as raised:
        reader.read([{"a": 1}, {"c/d": 1}])
    (problem,) = raised.value.errors
    assert (problem.pointer, problem.code) == ("/rows/1/c~1d", "unknown_column")


EVERY_KIND = Preprocessing(
    (
        FittedNumeric("n", 1, 1e-3, 0, minimum=0, maximum=1, indicator=True),
        FittedNumeric("l", 0, 1, 0, log=True, minimum=-1, maximum=5),
        FittedBoolean("b", 0.5),
        FittedCategories("c", ("a", "b"), rest=True, fill="a", indicator=True),
        FittedCodes("k", ("a", "7"), rest=True),
        FittedOrdinal("o", ("s", "m"), 0, 1, 0.5),
        FittedTime("t", ("year", "month", "weekday", "hour"), 2000, 1, 0, 0, 1e9),
        FittedText("w", 4),
    ),
    NumericTarget("y", 0, 1),
    FileConventions(missing=("NA",), decimal=",", time_formats={"t": "%d.%m.%Y"}),
)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.from_regex(r"[+-]?[0-9]{1,4}[,.e-][0-9]{1,4}[,.e-]?[0-9]{0,4}", fullmatch=True),
    st.sampled_from(["NA", "a", "7", "1,5", "31.01.2024", "yes", 1e308, -1e308, 10**308]),
)


def read_or_list_pointers(row: dict[str, Any]) -> dict[str, Column] | list[str]:
    try:
        return RowReader(EVERY_KIND).read([row])
    except InvalidRowsError as error:
        return [problem.pointer for problem in error.errors]


@settings(max_examples=200, deadline=None)
@given(row=st.fixed_dictionaries({}, optional=dict.fromkeys("nlbckotw", ANYTHING)))
def test_any_value_is_predicted_or_refused_by_its_name(row: dict[str, Any]) -> None:
    found = read_or_list_pointers(row)
    if isinstance(found, list):
        assert set(found) <= {f"/rows/0/{name}" for name in row}
        return
    assert EVERY_KIND.flags(found, np.dtype(np.float32)).imputed.shape == (1, 8)
    assert np.isfinite(EVERY_KIND.transform(found, np.dtype(np.float32))).all()


def test_number_of_reported_problems_is_bounded() -> None:
    reader = RowReader(Preprocessing((NUMBER,), NumericTarget("y", 0, 1)))
    with pytest.raises(InvalidRowsError) as raised:
        reader.read([{"v": "x"}] * 100)
    assert len(raised.value.errors) == MAX_PROBLEMS
