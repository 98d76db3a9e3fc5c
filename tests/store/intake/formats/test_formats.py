"""Format detection by stated format, media type, name and first bytes."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.intake.any_files import (
    arrow_bytes,
    cells,
    gzip_bytes,
    npy_bytes,
    npz_bytes,
    open_bytes,
    parquet_bytes,
    refusal,
    zstd_bytes,
)

TABLE = pa.table({"a": [1.5, 2.5], "b": ["x", "y"]})
CSV = b"a,b\n1.5,x\n2.5,y\n"
LINES = b'{"a": 1.5, "b": "x"}\n{"a": 2.5, "b": "y"}\n'
ROWS = b'[{"a": 1.5, "b": "x"}, {"a": 2.5, "b": "y"}]'
COLUMNS = b'{"a": [1.5, 2.5], "b": ["x", "y"]}'
PARQUET = parquet_bytes(TABLE)
ARROW = arrow_bytes(TABLE)
STREAM = arrow_bytes(TABLE, stream=True)
STRUCTURED = np.array([(1.5, "x"), (2.5, "y")], dtype=[("a", "f8"), ("b", "U1")])
NPY = npy_bytes(STRUCTURED)
NPZ = npz_bytes(a=np.array([1.5, 2.5]), b=np.array(["x", "y"]))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
CONTENTS = [
    ("csv", CSV),
    ("json_lines", LINES),
    ("json", ROWS),
    ("json", COLUMNS),
    ("parquet", PARQUET),
    ("arrow", ARROW),
    ("arrow", STREAM),
    ("npy", NPY),
    ("npz", NPZ),
]


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return file.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip_bytes, zstd_bytes])
@pytest.mark.parametrize(("name", "content"), CONTENTS)
def test_every_format_is_detected_by_its_bytes(
    tmp_path: Path, name: str, content: bytes, pack: Any
) -> None:
    source = open_bytes(tmp_path, pack(content))
    found = cells(source, "text")
    assert source.options["format"] == name
    assert source.options["compression"] == {bytes: "none", gzip_bytes: "gzip"}.get(pack, "zstd")
    assert found == {"a": ["1.5", "2.5"], "b": ["x", "y"]}


@pytest.mark.parametrize(
    ("how", "content", "name"),
    [
        ({"media_type": "text/tab-separated-values"}, b"a;b\tc\n1;2\t3\n", ["a;b", "c"]),
        ({"name": "x.TSV"}, b"a;b\tc\n1;2\t3\n", ["a;b", "c"]),
        ({"name": "x.tsv.gz"}, gzip_bytes(b"a;b\tc\n1;2\t3\n"), ["a;b", "c"]),
    ],
)
def test_tabs_are_detected_by_type_and_name(
    tmp_path: Path, how: Any, content: bytes, name: list[str]
) -> None:
    assert [c.name for c in open_bytes(tmp_path, content, **how).columns] == name


@pytest.mark.parametrize(
    ("media_type", "content", "found"),
    [
        ("text/csv", PARQUET, "parquet"),
        ("application/json", LINES, "json_lines"),
        ("application/x-ndjson", ROWS, "json"),
        ("application/vnd.apache.parquet", ARROW, "arrow"),
    ],
)
def test_first_bytes_override_a_media_type_with_a_notice(
    tmp_path: Path, media_type: str, content: bytes, found: str
) -> None:
    source = open_bytes(tmp_path, content, media_type=media_type)
    assert source.options["format"] == found
    assert [notice.code for notice in source.notices] == ["misleading_type"]


def test_misleading_compression_suffix_gives_a_notice(tmp_path: Path) -> None:
    source = open_bytes(tmp_path, CSV, name="x.csv.gz")
    assert [notice.code for notice in source.notices] == ["misleading_name"]


def test_media_type_overrides_the_name(tmp_path: Path) -> None:
    source = open_bytes(tmp_path, b"[1,2]\n3,4\n", media_type="text/csv", name="x.json")
    assert source.options["format"] == "csv"


@pytest.mark.parametrize(
    ("how", "content", "code", "says"),
    [
        ({"name": "x.parquet"}, PNG, "not_a_table", "a PNG image"),
        ({"name": "x.parquet"}, CSV, "not_parquet", "does not begin"),
        ({"format": "parquet"}, ARROW, "not_parquet", "an Arrow file"),
        ({"format": "npy"}, NPZ, "not_npy", "an .npz archive"),
        ({"media_type": "application/x-npz"}, zipped("a.csv"), "not_npz", "a.csv"),
        ({"name": "x.npz"}, zipped("xl/workbook.xml"), "not_a_table", "Excel"),
        ({"compression": "gzip"}, CSV, "not_gzip", "gzip"),
        ({"compression": "none"}, gzip_bytes(CSV), "compressed_by_gzip", "gzip"),
        ({"media_type": "application/zstd"}, CSV, "not_zstd", "zstd"),
    ],
)
def test_file_that_contradicts_its_declaration_is_refused(
    tmp_path: Path, how: Any, content: bytes, code: str, says: str
) -> None:
    error = refusal(tmp_path, content, **how)
    assert (error.code, says in str(error)) == (code, True)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (PNG, "PNG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\n <!DOCTYPE HTML><p>", "HTML page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "XML"),
        (b"SQLite format 3\0" + bytes(90), "SQLite"),
        (zipped("xl/workbook.xml"), "save it as CSV or Parquet"),
        (zipped("content.xml"), "OpenDocument"),
        (zipped("a.csv"), "send the file inside it"),
        (b"PK\x03\x04" + bytes(50), "broken"),
        (b"BZh9\x01\x02", "bzip2"),
    ],
)
def test_unsupported_file_is_identified(tmp_path: Path, content: bytes, says: str) -> None:
    error = refusal(tmp_path, content, media_type="text/csv")
    assert (error.code, says in str(error)) == ("not_a_table", True)


@pytest.mark.parametrize("header", [b"[kg],b", b"{kg},b", b"BZh,ORC", b"ORC,b"])
def test_csv_header_that_resembles_another_format_is_csv(tmp_path: Path, header: bytes) -> None:
    source = open_bytes(tmp_path, header + b"\n1,2\n")
    assert source.options["format"] == "csv"


@pytest.mark.parametrize("content", [b"", gzip_bytes(b""), zstd_bytes(b"")])
def test_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(tmp_path, content).code == "empty_file"


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
TRUTHS = st.none() | st.booleans()
TABLES = st.lists(st.tuples(NUMBERS, TEXTS, TRUTHS), min_size=1, max_size=20)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=TABLES, form=st.sampled_from(["lines", "rows", "arrays", "columns", "split"]))
def test_any_table_is_read_back_from_json(tmp_path: Path, rows: list[Any], form: str) -> None:
    names = ["n", "t", "b"]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    records = [dict(zip(names, row, strict=True)) for row in rows]
    texts = {
        "lines": "\n".join(json.dumps(record) for record in records),
        "rows": json.dumps(records, indent=1),
        "arrays": json.dumps(rows),
        "columns": json.dumps(columns),
        "split": json.dumps({"columns": names, "data": rows}),
    }
    stated = "json_lines" if form == "lines" else "json"
    found = cells(open_bytes(tmp_path, texts[form].encode(), format=stated))
    assert list(found.values()) == list(columns.values())


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=TABLES, form=st.sampled_from(["parquet", "file", "stream"]), chunk=st.integers(1, 9))
def test_any_table_is_read_back_from_arrow(
    tmp_path: Path, rows: list[Any], form: str, chunk: int
) -> None:
    types = [pa.float64(), pa.string(), pa.bool_()]
    arrays = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    table = pa.table(arrays, names=["n", "t", "b"])
    parts = [table.slice(start, chunk) for start in range(0, len(rows), chunk)]
    table = pa.concat_tables(parts)
    if form == "parquet":
        content = parquet_bytes(table, row_group_size=chunk)
    else:
        content = arrow_bytes(table, stream=form == "stream", compression="zstd")
    assert cells(open_bytes(tmp_path, content)) == table.to_pydict()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    dtype=st.sampled_from(["<f4", ">f8", "<f2", ">i2", "<u8", "|b1", "<U3", "|S3", ">M8[ms]"]),
    order=st.sampled_from("CF"),
)
def test_any_array_is_read_back_from_npy(
    tmp_path: Path, shape: list[int], dtype: str, order: Any
) -> None:
    numbers = np.arange(int(np.prod(shape))).reshape(shape) % 50
    array = numbers.astype(dtype, order=order)
    found = cells(open_bytes(tmp_path, npy_bytes(array)))
    flat = array.reshape(shape[0], -1)
    expected = [[_plain(value) for value in column] for column in flat.T]
    assert list(found.values()) == expected


def _plain(value: np.generic) -> object:
    return value.decode() if isinstance(value, bytes) else value.item()
