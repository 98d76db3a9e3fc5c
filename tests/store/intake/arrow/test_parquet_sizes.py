"""Parquet files that would end the process, or take much more memory or time than was sent."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from store.intake.arrow import parquet_groups, parquet_pages
from store.intake.arrow.parquet_columns import LONG_TEXT_BYTES, ParquetColumns
from store.intake.arrow.parquet_groups import read_groups
from store.intake.arrow.parquet_pages import read_page_sizes
from store.intake.options import Limits
from tests.store.intake.any_files import cells, open_bytes, parquet_bytes, refusal


def repeated(texts: list[str], rows: int) -> pa.Array:
    """Return `rows` references to the texts in turn."""
    return pa.DictionaryArray.from_arrays(np.arange(rows, dtype=np.int32) % len(texts), texts)


def texts_as_parquet(texts: list[str], rows: int, **options: object) -> bytes:
    table = pa.table({"x": repeated(texts, rows)})
    whole = {"dictionary_pagesize_limit": 2**30, "store_schema": False}
    return parquet_bytes(table, compression="zstd", **whole, **options)


def change_footer(content: bytes, old: bytes, new: bytes) -> bytes:
    """Replace bytes in the footer by as many others."""
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer = content[start:]
    assert old in footer
    return content[:start] + footer.replace(old, new, 1)


def open_columns(path: Path) -> ParquetColumns:
    with pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
    sizes = read_page_sizes(path, read_groups(path, len(schema)), Limits())
    return ParquetColumns(path, metadata, schema, sizes)


def test_inconsistent_size_statistics_are_refused(tmp_path: Path) -> None:
    # The empty histogram of repetition levels, field 2, becomes field 1, and that of definition
    # levels becomes field 2: pyarrow ends the process if its object of the column chunk is built.
    content = parquet_bytes(pa.table({"x": [1.5, None]}))
    error = refusal(tmp_path, change_footer(content, b"\x29\x06\x19\x26", b"\x19\x06\x19\x26"))
    assert (error.code, "histogram" in str(error)) == ("not_parquet", True)


def test_long_text_that_is_repeated_is_refused(tmp_path: Path) -> None:
    content = texts_as_parquet(["a" * 4_200_000], 2000)
    assert len(content) < 1000
    assert refusal(tmp_path, content).code == "expands_too_much"


@pytest.mark.parametrize("length", [1000, 10**6])
def test_repeated_texts_count_as_often_as_they_occur(tmp_path: Path, length: int) -> None:
    texts = [letter * length for letter in "abcde"]
    content = texts_as_parquet(texts, 60_000_000 // length)
    assert len(cells(open_bytes(tmp_path, content))["x"]) == 60_000_000 // length
    error = refusal(tmp_path, texts_as_parquet(texts, 70_000_000 // length))
    assert (error.code, "counted as often" in str(error)) == ("expands_too_much", True)


def test_texts_are_limited_by_the_bytes_of_the_table(tmp_path: Path) -> None:
    content = texts_as_parquet(["a" * 100], 1000)
    error = refusal(tmp_path, content, limits=Limits(max_table_bytes=99_999))
    assert (error.code, "99999 that" in str(error)) == ("expands_too_much", True)
    open_bytes(tmp_path, content, limits=Limits(max_table_bytes=100_000))


@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_BYTE_ARRAY", None])
def test_long_texts_are_read_few_rows_at_a_time(tmp_path: Path, encoding: str | None) -> None:
    file = tmp_path / "texts.parquet"
    texts = [str(n % 100).rjust(60_000, "a") for n in range(400)]
    options = {"use_dictionary": False, "column_encoding": {"x": encoding}} if encoding else {}
    table = pa.table({"n": range(400), "x": texts})
    pq.write_table(table, file, dictionary_pagesize_limit=2**30, row_group_size=200, **options)
    batches = list(open_columns(file).read([0, 1]))
    assert max(batch.nbytes for batch in batches) <= LONG_TEXT_BYTES
    assert pa.Table.from_batches(batches).column(1).to_pylist() == texts


def test_pages_are_measured_by_their_headers(tmp_path: Path) -> None:
    file = tmp_path / "texts.parquet"
    texts = [f"{n:0100}" for n in range(1000)]
    pq.write_table(pa.table({"x": texts}), file, dictionary_pagesize_limit=50_000)
    [[sizes]] = read_page_sizes(file, read_groups(file, 1), Limits())
    assert sizes.starts_with_dictionary
    assert 50_000 <= sizes.dictionary <= 104 * 1000
    assert sizes.unpacked >= sizes.dictionary + sizes.own


def test_page_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    content = parquet_bytes(pa.table({"x": np.arange(1000.0)}), use_dictionary=False)
    error = refusal(tmp_path, content, limits=Limits(max_table_bytes=7999))
    assert (error.code, "page" in str(error)) == ("expands_too_much", True)


def test_many_small_row_groups_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": np.arange(200.0), "t": ["a", "b"] * 100})
    content = parquet_bytes(table, row_group_size=10)
    monkeypatch.setattr(parquet_groups, "MAX_SMALL_CHUNKS", 40)
    assert cells(open_bytes(tmp_path, content)) == table.to_pydict()
    monkeypatch.setattr(parquet_groups, "MAX_SMALL_CHUNKS", 39)
    assert refusal(tmp_path, content).code == "row_groups_too_small"
    monkeypatch.setattr(parquet_groups, "MIN_GROUP_ROWS", 10)
    assert cells(open_bytes(tmp_path, content)) == table.to_pydict()


def test_many_small_pages_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": np.arange(1000.0)})
    content = parquet_bytes(table, use_dictionary=False, data_page_size=1, write_batch_size=1)
    monkeypatch.setattr(parquet_pages, "MIN_PAGE_SIZE", 10)
    assert cells(open_bytes(tmp_path, content)) == table.to_pydict()
    monkeypatch.setattr(parquet_pages, "MIN_PAGE_SIZE", 2**20)
    assert refusal(tmp_path, content).code == "pages_too_small"


def test_small_row_groups_are_read_in_joined_batches(tmp_path: Path) -> None:
    table = pa.table({"x": np.arange(300), "t": [f"w{n % 7}" for n in range(300)]})
    source = open_bytes(tmp_path, parquet_bytes(table, row_group_size=1))
    assert cells(source) == table.to_pydict()
    assert len(list(source.batches(["typed", "text"]))) == 1
