"""Inference of column kinds and missing-value markers."""

from pathlib import Path

import pytest

from tests.store.intake.csv_files import column_of, read


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2", "+4", ".5"], "numeric"),
        (["1", "", " 2 ", " "], "numeric"),
        (["true", "False", "TRUE", ""], "boolean"),
        (["1", "0"], "numeric"),
        (["yes", "no"], "categorical"),
        (["red", "green", "red"], "categorical"),
        (["1", "2", "many"], "categorical"),
        (["true", "1"], "categorical"),
        (["2024-01-31", "1"], "categorical"),
        ([f"note {n}" for n in range(1001)], "text"),
        (["a", "b" * 257], "text"),
        (["", "NA"], "categorical"),
        (["?", "-"], "categorical"),
        (["0x10", "1"], "categorical"),
        (["31.02.2024"], "categorical"),
        (["2024-02-30"], "categorical"),
        (["31.01.2024", "01.31.2024"], "categorical"),
    ],
)
def test_kind_of_a_column(tmp_path: Path, cells: list[str], kind: str) -> None:
    assert column_of(tmp_path, cells).column.kind == kind


@pytest.mark.parametrize(
    ("cell", "seconds", "time_format"),
    [
        ("1970-01-02", 86_400.0, "iso"),
        ("1970-01-01 00:01", 60.0, "iso"),
        ("1970-01-01T00:01:01", 61.0, "iso"),
        ("1970-01-01T00:00:01.5", 1.5, "iso"),
        ("1970-01-01T00:00:00.123456789", 0.123456, "iso"),
        ("1970-01-01T00:00:01Z", 1.0, "iso"),
        ("1970-01-01 01:00+01:00", 0.0, "iso"),
        ("1969-12-31 23:00:00-0130", 1800.0, "iso"),
        ("1970/01/02", 86_400.0, "%Y/%m/%d"),
        ("14.1.1970", 13 * 86_400.0, "%d.%m.%Y"),
        ("14.01.1970 10:00", 13 * 86_400.0 + 36_000, "%d.%m.%Y %H:%M"),
        ("14.01.1970 9:05:07", 13 * 86_400.0 + 32_707, "%d.%m.%Y %H:%M:%S"),
        ("14/1/1970", 13 * 86_400.0, "%d/%m/%Y"),
        ("1/14/1970 00:00", 13 * 86_400.0, "%m/%d/%Y %H:%M"),
        ("14-01-1970", 13 * 86_400.0, "%d-%m-%Y"),
        ("9999-12-31", 253_402_214_400.0, "iso"),
    ],
)
def test_time_is_seconds_since_1970(
    tmp_path: Path, cell: str, seconds: float, time_format: str
) -> None:
    intake = column_of(tmp_path, [cell, "", cell])
    assert (intake.column.kind, intake.column.time_format) == ("time", time_format)
    assert intake.values("x") == [seconds, None, seconds]


def test_times_with_and_without_zones_mix(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["1970-01-01T00:00:01Z", "1970-01-02", "1970-01-01 01:00+01:00"])
    assert intake.values("x") == [1.0, 86_400.0, 0.0]


def test_statistics_of_times_are_seconds(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["1970-01-01", "1970-01-03", "1970-01-03"]).column
    assert (column.minimum, column.maximum) == (0.0, 172_800.0)
    assert column.integral
    assert column.top_values == (("1970-01-03", 2), ("1970-01-01", 1))
    assert not column_of(tmp_path, ["1970-01-01 12:00"]).column.integral


def test_ambiguous_order_of_day_and_month_gives_a_notice(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["01/02/2024", "03/04/2024"])
    assert intake.column.time_format == "%m/%d/%Y"
    assert intake.codes == ["ambiguous_dates"]


def test_day_precedes_month_if_numbers_have_decimal_commas(tmp_path: Path) -> None:
    intake = read(tmp_path, "x;y\n01/02/2024;1,5\n")
    assert intake.column.time_format == "%d/%m/%Y"


@pytest.mark.parametrize("marker", ["?", "-", "--", "n.a.", "none", "missing", "\\N"])
def test_marker_of_missing_numbers_is_detected_with_a_notice(tmp_path: Path, marker: str) -> None:
    intake = column_of(tmp_path, ["1", marker, "2"])
    assert intake.values("x") == [1.0, None, 2.0]
    assert marker in (intake.contents.options.missing or ())
    assert intake.codes == ["missing_marker"]


def test_detected_marker_is_missing_in_every_column(tmp_path: Path) -> None:
    intake = read(tmp_path, "x,y,z\n1,none,true\nnone,red,none\n")
    assert intake.values("y") == [None, "red"]
    assert intake.values("z") == [True, None]


def test_marker_in_a_text_column_is_text(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["none", "gas", "none"])
    assert intake.values("x") == ["none", "gas", "none"]
    assert "none" not in (intake.contents.options.missing or ())


def test_stated_markers_are_the_only_ones(tmp_path: Path) -> None:
    intake = column_of(tmp_path, ["1", "x", "NA"], missing=("x",))
    assert intake.values("x") == ["1", None, "NA"]
    assert column_of(tmp_path, ["1", "x"], missing=("x",)).values("x") == [1.0, None]


def test_stated_kind_is_kept(tmp_path: Path) -> None:
    assert column_of(tmp_path, ["a", "b"], kinds={"x": "text"}).column.kind == "text"
    many = [f"note {n}" for n in range(1001)]
    assert column_of(tmp_path, many, kinds={"x": "categorical"}).column.kind == "categorical"
    assert column_of(tmp_path, ["", ""], kinds={"x": "numeric"}).column.kind == "numeric"
