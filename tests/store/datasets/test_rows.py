"""Rows of a column file at any offset as JSON values."""

from pathlib import Path

import pyarrow as pa
import pytest

from engine.data.table import ColumnKind
from store.datasets.columns import ColumnRecord
from store.datasets.rows import read_rows


def record(name: str, kind: ColumnKind, *, integral: bool = False) -> ColumnRecord:
    return ColumnRecord(name, kind, 0, None, integral, None, None, None, None, ())


NUMBER = record("n", "numeric", integral=True)


def write(folder: Path, table: pa.Table, batch_rows: int = 7) -> Path:
    path = folder / "columns.arrow"
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table, batch_rows)
    return path


@pytest.mark.parametrize("offset", [0, 1, 6, 7, 13, 14, 49])
@pytest.mark.parametrize("limit", [1, 6, 7, 8, 30, 100])
def test_rows_at_any_offset_are_read(tmp_path: Path, offset: int, limit: int) -> None:
    path = write(tmp_path, pa.table({"n": [float(n) for n in range(50)]}))
    found = [row["n"] for row in read_rows(path, [NUMBER], offset, limit)]
    assert found == list(range(50))[offset : offset + limit]


@pytest.mark.parametrize(("offset", "limit"), [(50, 1), (10**12, 5), (0, 0)])
def test_no_rows_beyond_the_end(tmp_path: Path, offset: int, limit: int) -> None:
    path = write(tmp_path, pa.table({"n": [float(n) for n in range(50)]}))
    assert read_rows(path, [NUMBER], offset, limit) == []


def test_values_are_json_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": [3.0, None, 2.0**60],
            "f": [0.5, 2.0, None],
            "b": [True, None, False],
            "c": ["red", "", None],
            "t": [0.0, 1706700600.25, -1e18],
        }
    )
    columns = [
        NUMBER,
        record("f", "numeric"),
        record("b", "boolean"),
        record("c", "categorical"),
        record("t", "time"),
    ]
    rows = read_rows(write(tmp_path, table), columns, 0, 3)
    assert rows == [
        {"n": 3, "f": 0.5, "b": True, "c": "red", "t": "1970-01-01"},
        {"n": None, "f": 2.0, "b": None, "c": "", "t": "2024-01-31T11:30:00.250000Z"},
        {"n": 2.0**60, "f": None, "b": False, "c": None, "t": "-1e+18"},
    ]
    assert isinstance(rows[0]["n"], int)
    assert isinstance(rows[1]["f"], float)


def test_only_requested_columns_are_returned(tmp_path: Path) -> None:
    path = write(tmp_path, pa.table({"other": [1.0], "n": [2.0]}))
    assert read_rows(path, [NUMBER], 0, 9) == [{"n": 2}]
