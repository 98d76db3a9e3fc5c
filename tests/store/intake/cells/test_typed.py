"""Typed columns: their default kind and their conversion to a stated kind."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.errors import IntakeError
from store.intake import FileHints, Limits, ReadOptions, read_table
from tests.store.intake.csv_files import Intake

PARQUET = FileHints("application/vnd.apache.parquet")


def read(folder: Path, array: pa.Array, **stated: Any) -> Intake:
    """Convert a Parquet file with this column x."""
    file = io.BytesIO()
    pq.write_table(pa.table({"x": array}), file)
    source, target = folder / "upload", folder / "columns.arrow"
    source.write_bytes(file.getvalue())
    return Intake(read_table(source, target, ReadOptions(**stated), PARQUET, Limits()), target)


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array([1, None], pa.int8()), "numeric", [1.0, None]),
        (pa.array([1.5, float("nan")], pa.float32()), "numeric", [1.5, None]),
        (pa.array([Decimal("1.50")]), "numeric", [1.5]),
        (pa.array([True, None]), "boolean", [True, None]),
        (pa.array([date(1970, 1, 2), None]), "time", [86_400.0, None]),
        (pa.array([datetime(1970, 1, 1, 1, tzinfo=UTC)]), "time", [3600.0]),
        (pa.array([10**18], pa.timestamp("ns")), "time", [1e9]),
        (pa.array(["1", " 2 ", ""]), "categorical", ["1", "2", None]),
        (pa.array(["NA", "none"]), "categorical", ["NA", "none"]),
        (pa.array(["a", None, "a"]).dictionary_encode(), "categorical", ["a", None, "a"]),
        (pa.array(["a"], pa.large_string()), "categorical", ["a"]),
        (pa.array(["true", "FALSE"]), "boolean", [True, False]),
        (pa.array(["1970-01-02"]), "time", [86_400.0]),
        (pa.nulls(2), "categorical", [None, None]),
    ],
)
def test_kind_and_values(tmp_path: Path, array: pa.Array, kind: str, values: list[Any]) -> None:
    intake = read(tmp_path, array)
    assert (intake.column.kind, intake.values("x")) == (kind, values)


@pytest.mark.parametrize(
    ("array", "stated", "values"),
    [
        (pa.array([1, 0, None]), "boolean", [True, False, None]),
        (pa.array([1, 2]), "categorical", ["1", "2"]),
        (pa.array([1.5]), "text", ["1.5"]),
        (pa.array([True, False]), "numeric", [1.0, 0.0]),
        (pa.array([True, None]), "categorical", ["true", None]),
        (pa.array(["1", " 2.5"]), "numeric", [1.0, 2.5]),
        (pa.array([date(1970, 1, 2)]), "numeric", [86_400.0]),
    ],
)
def test_stated_kind(tmp_path: Path, array: pa.Array, stated: str, values: list[Any]) -> None:
    intake = read(tmp_path, array, kinds={"x": stated})
    assert (intake.column.kind, intake.values("x")) == (stated, values)


@pytest.mark.parametrize(
    ("array", "stated", "code", "text"),
    [
        (pa.array([1, 2]), "boolean", "invalid_cell", "2"),
        (pa.array([None, 5]), "time", "invalid_cell", "5"),
        (pa.array(["1", "a"]), "numeric", "invalid_cell", "a"),
        (pa.array([1.0, float("-inf")]), "numeric", "infinite_number", "-inf"),
        (pa.array([1.0] * 100_000 + [float("inf")]), None, "infinite_number", "inf"),
    ],
)
def test_invalid_cell_is_refused_with_its_row(
    tmp_path: Path, array: pa.Array, stated: str | None, code: str, text: str
) -> None:
    with pytest.raises(IntakeError) as refused:
        read(tmp_path, array, kinds={"x": stated} if stated else {})
    assert refused.value.code == code
    assert refused.value.place is not None
    assert (refused.value.place.line, refused.value.place.text) == (len(array), text)


def test_missing_values_of_typed_files_are_nulls(tmp_path: Path) -> None:
    assert read(tmp_path, pa.array(["a"])).contents.options.missing == ()
    assert read(tmp_path, pa.array(["a", "-"]), missing=("-",)).values("x") == ["a", None]


@pytest.mark.parametrize(
    ("array", "stated", "values"),
    [
        (pa.array([1, -999, None]), None, [1.0, None, None]),
        (pa.array([0.5, -999.0]), None, [0.5, None]),
        (pa.array([-999] * 2), None, [None, None]),
        (pa.array([1, -999, 0]), "boolean", [True, None, False]),
        (pa.array([1, -999]), "categorical", ["1", None]),
        (pa.array(["1", "-999"]), "numeric", [1.0, None]),
        (pa.array(["a", "-999"]), None, ["a", None]),
        (pa.array([True, False]), None, [True, False]),
    ],
)
def test_number_that_marks_a_missing_value_is_missing(
    tmp_path: Path, array: pa.Array, stated: str | None, values: list[Any]
) -> None:
    kinds = {} if stated is None else {"x": stated}
    assert read(tmp_path, array, kinds=kinds, missing=("-999",)).values("x") == values
