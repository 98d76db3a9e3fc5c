"""Files that expand: what is produced is limited by what was sent, and nothing is kept."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from store.errors import IntakeLimitError
from store.intake import TableContents, preview_table, read_table
from store.intake.budget import FLOOR_BYTES
from store.intake.options import FileHints, Limits, ReadOptions
from tests.hostile.expanding_files import (
    FILES,
    PACKINGS,
    READERS,
    Expanding,
    Packing,
    Reader,
    arrow_nulls,
    arrow_views,
    build,
    csv_ones,
    honest,
    pack,
    sparse_json,
)
from tests.store.intake.any_files import arrow_bytes, parquet_bytes

# A few of the files by format and fold; the others run with the rare tests.
FAST = {
    ("arrow", "none", 10**5),
    ("parquet", "none", 10**7),
    ("json_lines", "zstd", 10**5),
    ("json", "zstd", 10**5),
    ("csv", "zstd", 10**3),
    ("npy", "zstd", 10**5),
    ("arrow", "gzip", 10**7),
}
MATRIX = [
    pytest.param(*key, id=" ".join(map(str, key)), marks=() if key in FAST else pytest.mark.rare)
    for key in FILES
]
# Kept while a file is read: a copy of its rows, and the column file.
COPIES = 3


def read(folder: Path, content: bytes, reader: Reader, limits: Limits) -> TableContents:
    """Read a file to `folder / "table"`."""
    path = folder / "sent"
    path.write_bytes(content)
    return read_table(path, folder / "table", ReadOptions(format=reader), FileHints(), limits)


def refuse(folder: Path, content: bytes, reader: Reader, limits: Limits) -> IntakeLimitError:
    """Return the error that reading a file raises; nothing may be left of what was produced."""
    with pytest.raises(IntakeLimitError) as caught:
        read(folder, content, reader, limits)
    assert [path.name for path in folder.iterdir()] == ["sent"]
    return caught.value


@pytest.mark.parametrize(("reader", "packing", "fold"), MATRIX)
def test_file_that_expands_is_refused(
    tmp_path: Path, reader: Reader, packing: Packing, fold: int
) -> None:
    file = build(reader, packing, fold)
    assert file.fold >= fold
    error = refuse(tmp_path, file.content, reader, Limits())
    assert error.code in {"expands_too_much", "too_many_rows"}
    assert error.setting == "BACKPROPD_MAX_EXPANSION"
    assert error.limit <= 200 * len(file.content) + FLOOR_BYTES < error.reached * 1.001
    assert error.setting in str(error)


@pytest.mark.parametrize(("reader", "packing", "fold"), MATRIX[::5])
def test_preview_of_a_file_that_expands_is_bounded(
    tmp_path: Path, reader: Reader, packing: Packing, fold: int
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(build(reader, packing, fold).content)
    with suppress(IntakeLimitError):
        found = preview_table(path, ReadOptions(format=reader), FileHints(), Limits())
        assert found.rows_read <= 10_000
    assert [path.name for path in tmp_path.iterdir()] == ["sent"]


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("reader", READERS)
def test_honest_file_at_the_limit_is_read(tmp_path: Path, reader: Reader, packing: Packing) -> None:
    content = pack(honest(reader), packing)
    assert read(tmp_path, content, reader, Limits()).rows == 20_000
    column_file = tmp_path / "table"
    size = column_file.stat().st_size
    column_file.unlink()
    assert read(tmp_path, content, reader, Limits(max_table_bytes=size)).rows == 20_000
    column_file.unlink()
    error = refuse(tmp_path, content, reader, Limits(max_table_bytes=size // 2))
    assert (error.code, error.setting) == ("expands_too_much", "BACKPROPD_MAX_DATASET_BYTES")
    assert error.limit == size // 2 < error.reached


@pytest.mark.parametrize("packing", PACKINGS)
def test_file_just_within_its_expansion_is_read(tmp_path: Path, packing: Packing) -> None:
    # A null takes four bytes and a bit.
    rows = int(0.98 * FLOOR_BYTES / 4.125)
    content = pack(arrow_nulls(["x"], rows).content, packing)
    assert read(tmp_path, content, "arrow", Limits()).rows == rows
    assert (tmp_path / "table").stat().st_size >= 0.95 * FLOOR_BYTES


def test_expansion_is_a_setting(tmp_path: Path) -> None:
    content = pack(csv_ones(9_000_000).content, "zstd")
    refuse(tmp_path, content, "csv", Limits())
    assert read(tmp_path, content, "csv", Limits(max_expansion=100_000)).rows == 9_000_000


@pytest.mark.rare
def test_compressed_table_of_zeros_and_ones_needs_a_larger_expansion(tmp_path: Path) -> None:
    """The honest file that docs/data.md names: one category as a column per value."""
    codes = np.random.default_rng(0).integers(0, 200, 100_000)
    columns = {f"c{code}": codes == code for code in range(200)}
    numbers = {name: cells.astype(np.int8) for name, cells in columns.items()}
    content = parquet_bytes(pa.table(numbers), compression="zstd")
    error = refuse(tmp_path, content, "parquet", Limits())
    assert (error.code, error.setting) == ("expands_too_much", "BACKPROPD_MAX_EXPANSION")
    assert error.limit < 8 * 200 * 100_000
    assert read(tmp_path, content, "parquet", Limits(max_expansion=250)).rows == 100_000
    (tmp_path / "table").unlink()
    booleans = parquet_bytes(pa.table(columns), compression="zstd")
    assert read(tmp_path, booleans, "parquet", Limits()).rows == 100_000


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"x": pa.array([[1]])}),
        pa.table({"x": pa.array([{"a": 1}])}),
        pa.table({"x": pa.RunEndEncodedArray.from_arrays([2**30], [1.5])}),
        pa.table({"x": pa.RunEndEncodedArray.from_arrays([2**30], ["a" * 1000])}),
        pa.table({"x": pa.array([[1]], pa.list_view(pa.int8()))}),
    ],
)
def test_nested_and_run_end_encoded_columns_are_not_expanded(
    tmp_path: Path, table: pa.Table
) -> None:
    path = tmp_path / "sent"
    path.write_bytes(arrow_bytes(table))
    with pytest.raises(Exception, match="nested"):
        read_table(path, tmp_path / "table", ReadOptions(), FileHints(), Limits())
    assert [path.name for path in tmp_path.iterdir()] == ["sent"]


@pytest.mark.parametrize(
    ("file", "reader"),
    [
        (lambda: arrow_views(2**20, 1000), "arrow"),
        (lambda: arrow_nulls([f"c{n}" for n in range(500)], 2**20), "arrow"),
        (lambda: sparse_json(9_999, 0, is_lines=True), "json_lines"),
        (lambda: sparse_json(9_999, 0, is_lines=False), "json"),
    ],
    ids=["shared views", "null columns", "a key per line", "a key per row"],
)
def test_copies_are_bounded_while_the_file_is_read(
    tmp_path: Path, file: object, reader: Reader
) -> None:
    assert callable(file)
    expanding: Expanding = file()
    limit = 200 * len(expanding.content) + FLOOR_BYTES
    most = 0

    def measure() -> bool:
        nonlocal most
        most = max(most, sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()))
        return False

    refuse(tmp_path, expanding.content, reader, Limits(must_stop=measure))
    assert most <= COPIES * limit
