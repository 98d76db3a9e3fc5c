"""Whole numbers beyond 2^53 are read as exact texts wherever float64 would change one."""

import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.intake import FileHints, Limits, ReadOptions, preview_table, read_table
from store.intake.cells.large_integers import are_exact, has_inexact_text
from store.intake.results import TableContents

FIRST = 2**53
Values = list[int]


def as_csv(values: Values) -> bytes:
    return "".join(["x,y\n", *(f"{row}.5,{value}\n" for row, value in enumerate(values))]).encode()


def as_lines(values: Values) -> bytes:
    rows = ({"x": row + 0.5, "y": value} for row, value in enumerate(values))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_rows(values: Values) -> bytes:
    return json.dumps([{"x": row + 0.5, "y": value} for row, value in enumerate(values)]).encode()


def as_columns(values: Values) -> bytes:
    return json.dumps({"x": [row + 0.5 for row in range(len(values))], "y": values}).encode()


def _table(values: Values, kind: pa.DataType) -> pa.Table:
    cells: list[Any] = [Decimal(v) for v in values] if pa.types.is_decimal(kind) else values
    return pa.table({"x": [row + 0.5 for row in range(len(values))], "y": pa.array(cells, kind)})


def as_parquet(values: Values) -> bytes:
    file = io.BytesIO()
    pq.write_table(_table(values, pa.int64()), file)
    return file.getvalue()


def as_decimal(values: Values) -> bytes:
    file = io.BytesIO()
    pq.write_table(_table(values, pa.decimal128(30, 0)), file)
    return file.getvalue()


def as_arrow(values: Values) -> bytes:
    file = io.BytesIO()
    table = _table(values, pa.int64())
    with pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def as_npz(values: Values) -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(len(values)) + 0.5, y=np.array(values, np.int64))
    return file.getvalue()


FORMATS = (
    as_csv, as_lines, as_rows, as_columns, as_parquet, as_decimal, as_arrow, as_npz,
)  # fmt: skip
UNTYPED = (as_csv, as_lines, as_rows, as_columns)
Write = Callable[[Values], bytes]


def read(folder: Path, content: bytes, **options: Any) -> tuple[TableContents, list[Any]]:
    source, target = folder / "upload", folder / "columns"
    source.write_bytes(content)
    stated, hints = ReadOptions(**options), FileHints("", "")
    found = read_table(source, target, stated, hints, Limits())
    # A preview neither fails nor rounds what the upload does not.
    kind = preview_table(source, stated, hints, Limits()).columns[1].kind
    assert kind == found.columns[1].kind or found.rows > 5000
    with pa.OSFile(str(target)) as file:
        return found, pa.ipc.open_file(file).read_all().column("y").to_pylist()


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("large", [FIRST + 1, -FIRST - 1, 2**63 - 1])
def test_numbers_that_float64_changes_are_texts(tmp_path: Path, write: Write, large: int) -> None:
    found, cells = read(tmp_path, write([large, large - 1, 5] * 20))
    assert (found.columns[1].kind, found.columns[1].distinct) == ("categorical", 3)
    assert cells[:3] == [str(large), str(large - 1), "5"]
    assert [(notice.code, notice.column) for notice in found.notices] == [("large_integers", "y")]


@pytest.mark.parametrize("write", FORMATS)
def test_large_numbers_that_float64_keeps_are_numbers(tmp_path: Path, write: Write) -> None:
    found, cells = read(tmp_path, write([2**60, FIRST - 1, 5] * 20))
    assert (found.columns[1].kind, cells[:3]) == ("numeric", [2.0**60, FIRST - 1.0, 5.0])


@pytest.mark.parametrize("write", FORMATS)
def test_a_column_stated_to_be_numeric_is_rounded(tmp_path: Path, write: Write) -> None:
    found, cells = read(tmp_path, write([FIRST + 1, 5] * 20), kinds={"y": "numeric"})
    assert (found.columns[1].kind, cells[:2]) == ("numeric", [FIRST, 5.0])
    assert [notice.code for notice in found.notices] == ["large_integers"]


@pytest.mark.parametrize("write", UNTYPED)
def test_a_large_number_after_the_first_rows_is_found(tmp_path: Path, write: Write) -> None:
    found, cells = read(tmp_path, write([*range(6000), FIRST + 1]))
    assert found.columns[1].kind == "text"
    assert (cells[0], cells[5999], cells[6000]) == ("0", "5999", str(FIRST + 1))


@pytest.mark.parametrize("write", UNTYPED)
@pytest.mark.parametrize("position", [0, 6000])
def test_a_column_with_a_fraction_is_a_measure(
    tmp_path: Path, write: Callable[[list[Any]], bytes], position: int
) -> None:
    values: list[Any] = [0.25 if row == position else row % 10 for row in range(6001)]
    found, cells = read(tmp_path, write([*values, FIRST + 1]))
    assert (found.columns[1].kind, cells[position], cells[-1]) == ("numeric", 0.25, FIRST)


def test_several_columns_of_large_numbers(tmp_path: Path) -> None:
    header = ",".join("axybcd")
    row = ",".join([str(FIRST + 1)] * 6)
    small = ",".join("123456")
    text = "\n".join([header, *([small] * 6000), row])
    found, _ = read(tmp_path, text.encode())
    assert {column.kind for column in found.columns} == {"categorical"}


@pytest.mark.parametrize("text", ["1e20", "12345678901234567890.0", "-2.5e300"])
def test_numbers_that_are_not_written_as_whole_ones_stay(tmp_path: Path, text: str) -> None:
    found, _ = read(tmp_path, f"x,y\n1,{text}\n2,3\n".encode())
    assert found.columns[1].kind == "numeric"


def test_unsigned_numbers_beyond_the_signed_ones(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.savez(file, x=np.arange(4), y=np.array([2**64 - 1, 2**64 - 2, 1, 0], np.uint64))
    _, cells = read(tmp_path, file.getvalue())
    assert cells == [str(2**64 - 1), str(2**64 - 2), "1", "0"]


def test_numbers_of_more_than_64_bits_in_json_lines(tmp_path: Path) -> None:
    assert read(tmp_path, as_lines([10**25 + 1, 1] * 5))[1][:2] == [str(10**25 + 1), "1"]
    # Beyond 37 digits they are rounded.
    assert read(tmp_path, as_lines([10**40 + 1, 1] * 5))[1][:2] == [1e40, 1.0]


@pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.uint64(), pa.decimal128(20, 0)])
def test_typed_cells_without_values_are_exact(kind: pa.DataType) -> None:
    assert are_exact(pa.nulls(3, kind))
    assert are_exact(pa.array([1, None], kind))


def test_texts_are_compared_as_whole_numbers() -> None:
    def inexact(*texts: str) -> bool:
        return has_inexact_text(pa.array(texts), pa.array([float(text) for text in texts]))

    assert inexact("1", f" +{FIRST + 1} ")
    assert not inexact("1", str(FIRST), str(2**70), f"{FIRST + 1}.0")
