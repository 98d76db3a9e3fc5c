"""Reading of client rows by the conventions of the model's dataset."""

import math
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.matrix_columns import count_table_rows
from engine.data.table import FileConventions, NumericColumn
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
from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.serializers import rows as rows_module
from service.serializers import unreadable
from service.serializers.rows import ReadRows, RowReader

NUMBER = FittedNumeric("v", 0, 1, 0)
TRUTH = FittedBoolean("v", 0)
TIME = FittedTime("v", ("year",), 2000, 1, 0)
LEVELS = FittedCategories("v", ("a",))
COMMA = FileConventions(missing=("NA", "-"), decimal=",", time_formats={"v": "%d.%m.%Y"})


def read_row(fitted: FittedColumn, value: Any, words: FileConventions) -> ReadRows:
    reader = RowReader(Preprocessing((fitted,), NumericTarget("y", 0, 1), words))
    return reader.read([{"v": value}])


def cell(rows: ReadRows) -> Any:
    """Return the value of the only cell."""
    column = rows.columns["v"]
    if isinstance(column, NumericColumn):
        return column.values.tolist()[0]
    (code,) = column.codes.tolist()
    return None if code < 0 else column.levels[code]


def read(fitted: FittedColumn, value: Any, words: FileConventions = COMMA) -> Any:
    """Return the value that the reader makes of a row's only cell."""
    rows = read_row(fitted, value, words)
    assert rows.not_understood == []
    return cell(rows)


def is_not_understood(fitted: FittedColumn, value: Any, words: FileConventions = COMMA) -> bool:
    """Return whether the value is missing because it cannot be read."""
    rows = read_row(fitted, value, words)
    if rows.not_understood:
        assert rows.not_understood == [(0, 0)]
        found = cell(rows)
        assert found is None or math.isnan(found)
    return bool(rows.not_understood)


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
def test_invalid_number_is_not_understood(value: Any) -> None:
    assert is_not_understood(NUMBER, value)


TOO_LARGE = [10**400, -(10**4000), "1e999", "9" * 5000, math.inf, -math.inf]


@pytest.mark.parametrize("value", TOO_LARGE)
def test_number_too_large_for_a_float_is_not_understood(value: Any) -> None:
    assert is_not_understood(NUMBER, value)
    assert is_not_understood(TIME, value)
    assert is_not_understood(TRUTH, value)


@pytest.mark.parametrize("value", ["?", "n.a.", " unknown ", "NULL", "n/a", "#REF!", "--"])
def test_usual_words_for_a_missing_value_are_missing_where_text_is_not_a_value(value: str) -> None:
    words = FileConventions()
    assert math.isnan(read(NUMBER, value, words))
    assert math.isnan(read(TIME, value, words))
    assert read(TRUTH, value, words) is None
    assert read(LEVELS, value, words) == value.strip()


@pytest.mark.parametrize("value", ["-999", " -999 ", -999, -999.0])
def test_number_that_marks_a_missing_value_is_missing(value: Any) -> None:
    words = FileConventions(missing=("-999", "x"))
    assert math.isnan(read(NUMBER, value, words))
    assert math.isnan(read(TIME, value, words))
    assert read(LEVELS, value, words) is None
    assert read(FittedText("v", 4), value, words) is None
    assert read(TRUTH, value, words) is None
    assert math.isnan(read(NUMBER, "-999.0", words))
    assert read(NUMBER, -999.5, words) == -999.5


def test_marker_is_a_number_by_the_files_conventions() -> None:
    words = FileConventions(missing=("-9,5",), decimal=",")
    assert math.isnan(read(NUMBER, -9.5, words))
    assert read(NUMBER, -95, words) == -95


def test_point_is_a_point_where_the_file_had_points() -> None:
    assert read(NUMBER, "1.5", FileConventions()) == 1.5
    assert is_not_understood(NUMBER, "1,5", FileConventions())


@pytest.mark.parametrize("value", [True, "true", "TRUE", " yes ", "1", 1, 1.0, "t"])
def test_true_values(value: Any) -> None:
    assert read(TRUTH, value) is True


@pytest.mark.parametrize("value", [False, "false", "No", "0", 0, 0.0, "off"])
def test_false_values(value: Any) -> None:
    assert read(TRUTH, value) is False


@pytest.mark.parametrize("value", ["maybe", 2, 0.5, -1, 10**4000, "٣"])
def test_invalid_boolean_is_not_understood(value: Any) -> None:
    assert is_not_understood(TRUTH, value)


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
def test_invalid_time_is_not_understood(value: Any) -> None:
    assert is_not_understood(TIME, value)


@pytest.mark.parametrize("time_format", ["%Y%Y", "%", "%Q", "(", "%d" * 32])
def test_invalid_time_format_falls_back_to_iso_8601(time_format: str) -> None:
    words = FileConventions(time_formats={"v": time_format})
    assert read(TIME, "2024-01-31", words) == seconds("2024-01-31T00:00+00:00")
    assert is_not_understood(TIME, "x", words)


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


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (("true", "TRUE", "x"), "true"),
        (("TRUE", "FALSE"), "TRUE"),
        (("Unknown", "True"), "True"),
        (("TRUE", "True"), None),
        (("yes", "no"), None),
    ],
)
def test_boolean_is_the_categorys_word_for_it(levels: tuple[str, ...], expected: Any) -> None:
    for fitted in (FittedCategories("v", levels), FittedOrdinal("v", levels, 0, 1, 0)):
        if expected is None:
            assert is_not_understood(fitted, True)
        else:
            assert read(fitted, True) == expected
    assert read(FittedText("v", 4), False) == "false"


def test_number_that_cannot_be_written_is_not_understood_as_a_category() -> None:
    # Python does not convert an integer of this many digits to text.
    assert is_not_understood(LEVELS, 10**5000)
    assert is_not_understood(LEVELS, math.inf)


TWO = Preprocessing(
    (FittedNumeric("a", 0, 1, 0), FittedCategories("b/c", ("x",))), NumericTarget("y", 0, 1)
)


def test_record_may_lack_columns_and_have_others() -> None:
    rows = [{"y": 3, "b/c": "x"}, {}, {"a": 1, "b/c": "z"}]
    read = RowReader(TWO, frozenset({"y"})).read(rows)
    assert isinstance(read.columns["a"], NumericColumn)
    np.testing.assert_array_equal(read.columns["a"].values, [np.nan, np.nan, 1])
    assert getattr(read.columns["b/c"], "codes", np.zeros(0)).tolist() == [0, -1, 1]


def test_each_value_that_is_not_understood_is_named() -> None:
    rows: list[Any] = [{"a": "x", "b/c": True}, [1, "x"], ["?", False], {"a": None}, [True, None]]
    assert sorted(RowReader(TWO).read(rows).not_understood) == [(0, 0), (0, 1), (2, 1), (4, 0)]


@pytest.mark.parametrize("value", [[], [1], {}, {"a": 1}])
def test_what_is_not_a_json_scalar_is_refused_by_its_pointer(value: Any) -> None:
    for fitted in (NUMBER, TRUTH, TIME, LEVELS, FittedText("v", 4)):
        reader = RowReader(Preprocessing((fitted,), NumericTarget("y", 0, 1)))
        rows: list[Any] = [{"v": None}, {"v": value}]
        with pytest.raises(InvalidRowsError) as raised:
            reader.read(rows)
        (problem,) = raised.value.errors
        assert (problem.pointer, problem.code) == ("/rows/1/v", "not_a_value")
        assert "a text, a number, a boolean or null" in problem.detail
    with pytest.raises(InvalidRowsError) as raised:
        RowReader(TWO).read([[1, value]])
    assert [problem.pointer for problem in raised.value.errors] == ["/rows/0/1"]


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
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.from_regex(r"[+-]?[0-9]{1,4}[,.e-][0-9]{1,4}[,.e-]?[0-9]{0,4}", fullmatch=True),
    st.sampled_from(["NA", "a", "7", "1,5", "31.01.2024", "yes", "?", 1e308, 10**400]),
)


@settings(max_examples=100, deadline=None)
@given(row=st.fixed_dictionaries({}, optional=dict.fromkeys("nlbckotw", SCALARS)))
def test_any_json_scalar_is_read_or_not_understood(row: dict[str, Any]) -> None:
    found = RowReader(EVERY_KIND).read([row])
    names = [column.name for column in EVERY_KIND.columns]
    assert {names[column] for _, column in found.not_understood} <= row.keys()
    assert EVERY_KIND.flags(found.columns, np.dtype(np.float32)).imputed.shape == (1, 8)
    assert np.isfinite(EVERY_KIND.transform(found.columns, np.dtype(np.float32))).all()


def test_number_of_reported_problems_is_bounded() -> None:
    reader = RowReader(Preprocessing((NUMBER,), NumericTarget("y", 0, 1)))
    with pytest.raises(InvalidRowsError) as raised:
        reader.read([{"v": []}] * 100)
    assert len(raised.value.errors) == MAX_PROBLEMS
    assert len(reader.read([{"v": "x"}] * 100).not_understood) == 100


def test_values_of_records_that_leave_columns_out_are_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows_module, "MAX_CELLS", 4)
    assert count_table_rows(RowReader(TWO).read([{}, {}]).columns) == 2
    with pytest.raises(InvalidRowsError, match="send at most 2 rows per request"):
        RowReader(TWO).read([{}, {}, {}])


def test_unreadable_values_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "MAX_VALUES", 2)
    assert len(RowReader(TWO).read([["x", None]] * 2).not_understood) == 2
    with pytest.raises(InvalidRowsError, match="more than 2 values cannot be read"):
        RowReader(TWO).read([["x", None]] * 3)
