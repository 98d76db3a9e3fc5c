"""Uploaded files become typed columns, or a problem that says what is wrong."""

from pathlib import Path

import numpy as np
import pytest

from engine.tables import LevelColumn, NumericColumn
from store.columns import ColumnFile
from store.datasets import ColumnRecord
from store.errors import IntakeError
from store.intake import BLOCK_BYTES, Table, read_csv


def intake(folder: Path, content: bytes, max_columns: int = 100) -> Table:
    source = folder / "upload"
    source.write_bytes(content)
    return read_csv(source, folder / "columns.arrow", max_columns)


def column(folder: Path, cells: list[str]) -> ColumnRecord:
    body = "\n".join(f"{cell},0" for cell in cells)
    return intake(folder, f"x,y\n{body}\n".encode()).columns[0]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2"], "numeric"),
        (["1", "", " 2 "], "numeric"),
        (["true", "False", "TRUE"], "boolean"),
        (["red", "green", "red"], "categorical"),
        (["1", "2", "many"], "categorical"),
        ([f"note {n}" for n in range(1001)], "text"),
        (["", "NA"], "categorical"),
    ],
)
def test_kind_of_a_column(tmp_path: Path, cells: list[str], kind: str) -> None:
    assert column(tmp_path, cells).kind == kind


def test_moments_equal_numpys_over_many_batches(tmp_path: Path) -> None:
    rows = BLOCK_BYTES // 8
    values = np.random.default_rng(0).normal(1e6, 1.0, rows).round(3)
    table = intake(tmp_path, b"x\n" + "\n".join(map(str, values)).encode())
    found = table.columns[0]
    assert table.rows == rows
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.std == pytest.approx(values.std(), rel=1e-9)
    assert (found.minimum, found.maximum) == (values.min(), values.max())


def test_missing_distinct_and_top_values(tmp_path: Path) -> None:
    found = column(tmp_path, ["a", "b", "a", "NA", ""])
    assert (found.missing, found.distinct) == (2, 2)
    assert found.top_values == (("a", 2), ("b", 1))


def test_whole_numbers_are_integral(tmp_path: Path) -> None:
    assert column(tmp_path, ["1", "2", "3.0"]).integral
    assert not column(tmp_path, ["1", "2.5"]).integral


def test_byte_order_mark_and_spaces_around_names_are_dropped(tmp_path: Path) -> None:
    table = intake(tmp_path, "\ufeffx , y\n1,2\n".encode())
    assert [c.name for c in table.columns] == ["x", "y"]


def test_columns_read_back_as_the_engine_wants_them(tmp_path: Path) -> None:
    intake(tmp_path, b"n,c,b\n1.5,red,true\n,blue,\n2,red,false\n")
    columns = ColumnFile(tmp_path / "columns.arrow", 3).read(["n", "c", "b"])
    n, c, b = columns["n"], columns["c"], columns["b"]
    assert isinstance(n, NumericColumn)
    assert isinstance(c, LevelColumn)
    assert isinstance(b, LevelColumn)
    np.testing.assert_array_equal(n.values, [1.5, np.nan, 2.0])
    assert [c.levels[code] for code in c.codes] == ["red", "blue", "red"]
    assert (b.codes.tolist(), b.levels) == ([1, -1, 0], (False, True))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n", "empty_file"),
        (b"x,y\n", "no_rows"),
        (b"x,y\n1,2\n3\n", "ragged_row"),
        (b"x,y\n1,2\n3,4,5\n", "ragged_row"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not_csv"),
        (b"x,y\n\xff\xfe,1\n", "not_utf8"),
        (b"x\xff,y\n1,1\n", "not_utf8"),
        (b"x,x\n1,2\n", "repeated_column"),
        (b"x,\n1,2\n", "unnamed_column"),
        (b"x,y\n1,inf\n", "infinite_number"),
        (b"x,y\n1,1e999\n", "infinite_number"),
        (b"a,b,c\n1,2,3\n", "too_many_columns"),
        (b"x" * 2000 + b"\n1\n", "column_name_too_long"),
        (b"x,y\n" + b"1" * 3 * BLOCK_BYTES + b",2\n", "row_too_long"),
    ],
)
def test_broken_file_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(IntakeError) as refused:
        intake(tmp_path, content, max_columns=2)
    assert refused.value.code == code


def test_ragged_row_is_told_with_its_number_and_text(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=r"row 3 has 1 cells where the header has 2: 'oops'"):
        intake(tmp_path, b"x,y\n1,2\noops\n")
