"""Parquet files with false footers, offsets and counts."""

# One case per line, for a readable table.
# ruff: noqa: E501

import io
import struct
from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import noise

PARQUET = "application/vnd.apache.parquet"
ROWS = 12_345
TABLE = pa.table({"x": [float(n) for n in range(ROWS)], "t": [f"w{n % 7}" for n in range(ROWS)]})


def parquet(table: pa.Table = TABLE, **options: object) -> bytes:
    file = io.BytesIO()
    plain = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    pq.write_table(table, file, store_schema=False, **plain | options)
    return file.getvalue()


def varint(number: int) -> bytes:
    """Encode an integer as in Parquet's footer: zigzag, seven bits per byte."""
    rest = (number << 1 ^ number >> 63) & (2**64 - 1)
    out = b""
    while rest > 127:
        out += bytes([rest & 127 | 128])
        rest >>= 7
    return out + bytes([rest])


def change_footer(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the Parquet file with a changed footer and its correct length."""
    size = int.from_bytes(data[-8:-4], "little")
    footer = change(data[-8 - size : -8])
    return data[: -8 - size] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def lie(old: bytes, new: bytes, which: int = 0, data: bytes | None = None) -> bytes:
    """Return the Parquet file with one occurrence of `old` in its footer replaced."""

    def change(footer: bytes) -> bytes:
        parts = footer.split(old)
        assert len(parts) > which + 1, "the footer has no such bytes"
        return old.join(parts[: which + 1]) + new + old.join(parts[which + 1 :])

    return change_footer(parquet() if data is None else data, change)


def noisy(data: bytes) -> bytes:
    """Return the file with noise in its first zstd block."""
    start = data.index(b"\x28\xb5\x2f\xfd") + 4
    return data[:start] + noise(200) + data[start + 200 :]


def swap_last(data: bytes) -> bytes:
    """Return the file with one value changed and the checksum unchanged."""
    return data.replace(struct.pack("<d", 7.0), struct.pack("<d", 8.0))


def parquet_case(
    name: str, content: bytes | Callable[[], bytes], code: str, says: str, status: int = 422
) -> Case:
    return Case(f"Parquet: {name}", content, code, says, media_type=PARQUET, status=status)


COUNT = b"\x16" + varint(ROWS)
GOOD = parquet()
NULLS = pa.table({"x": pa.nulls(10)})
LISTS = pa.table({"x": [[1, 2], [3]]})
STRUCTS = pa.table({"x": [{"a": 1}]})


def many_rows(rows: int, times: int) -> bytes:
    """Return a small file with very many rows: all row groups refer to the same bytes."""
    data = parquet(pa.table({"x": pa.repeat(pa.scalar(1.5), rows)}), use_dictionary=True)
    group = pq.read_metadata(io.BytesIO(data))
    footer = pq.read_metadata(io.BytesIO(data))
    for _ in range(times):
        footer.append_row_groups(group)
    file = io.BytesIO()
    footer.write_metadata_file(file)
    whole = file.getvalue()
    size = int.from_bytes(whole[-8:-4], "little")
    return change_footer(data, lambda _: whole[-8 - size : -8])


FOOTERS = [
    parquet_case("empty", b"", "empty_file", "empty"),
    parquet_case("magic bytes alone", b"PAR1", "not_parquet", "Parquet"),
    parquet_case("both magic bytes alone", b"PAR1PAR1", "not_parquet", "Parquet"),
    parquet_case("cut in the middle", GOOD[: len(GOOD) // 2], "not_parquet", "Parquet"),
    parquet_case("cut in the footer", GOOD[:-20], "not_parquet", "Parquet"),
    parquet_case("cut by one byte", GOOD[:-1], "not_parquet", "Parquet"),
    parquet_case("head cut off", GOOD[1000:], "not_parquet", "Parquet"),
    parquet_case("footer alone", GOOD[-300:], "not_parquet", "Parquet"),
    parquet_case("encrypted", GOOD[:-4] + b"PARE", "not_parquet", "Parquet"),
    parquet_case("footer of 4 GB", GOOD[:-8] + b"\xff\xff\xff\xffPAR1", "not_parquet", "Parquet"),
    parquet_case("footer of length 0", GOOD[:-8] + b"\0\0\0\0PAR1", "not_parquet", "Parquet"),
    parquet_case("footer longer than the file", GOOD[:-8] + (len(GOOD) * 2).to_bytes(4, "little") + b"PAR1", "not_parquet", "Parquet"),
    parquet_case("footer that is short", GOOD[:-8] + (20).to_bytes(4, "little") + b"PAR1", "not_parquet", "Parquet"),
    parquet_case("footer of zeros", change_footer(GOOD, lambda old: bytes(len(old))), "not_parquet", "Parquet"),
    parquet_case("footer of ones", change_footer(GOOD, lambda old: b"\xff" * len(old)), "not_parquet", "Parquet"),
    parquet_case("footer of noise", change_footer(GOOD, lambda old: noise(len(old))), "not_parquet", "Parquet"),
    parquet_case("footer reversed", change_footer(GOOD, lambda old: old[::-1]), "not_parquet", "Parquet"),
    parquet_case("footer twice as long as it says", change_footer(GOOD, lambda old: old[: len(old) // 2]), "not_parquet", "Parquet"),
    parquet_case("more rows in the file than in its groups", lie(COUNT, b"\x16" + varint(10**12)), "not_parquet", "rows"),
    parquet_case("fewer rows in the file", lie(COUNT, b"\x16" + varint(10)), "not_parquet", "rows"),
    parquet_case("negative row count", lie(COUNT, b"\x16" + varint(-5)), "not_parquet", "rows"),
    parquet_case("no rows in the file", lie(COUNT, b"\x16" + varint(0)), "not_parquet", "rows"),
    parquet_case("more values than there are", lie(COUNT, b"\x16" + varint(10**12), 1), "not_parquet", "Parquet"),
    parquet_case("fewer values than there are", lie(COUNT, b"\x16" + varint(10), 1), "not_parquet", "Parquet"),
    parquet_case("more rows in a group", lie(COUNT, b"\x16" + varint(10**12), 3), "not_parquet", "rows"),
    parquet_case("negative row count of a group", lie(COUNT, b"\x16" + varint(-1), 3), "not_parquet", "rows"),
    parquet_case("page beyond the file", lie(b"\x26\x08", b"\x26" + varint(10**12)), "not_parquet", "Parquet"),
    parquet_case("page before the file", lie(b"\x26\x08", b"\x26" + varint(-1000)), "not_parquet", "Parquet"),
    parquet_case("column of another type", lie(b"\x15\x0a", b"\x15\x0c"), "unsupported_type", "binary"),
    parquet_case("column of an unknown type", lie(b"\x15\x0a", b"\x15\x7e"), "not_parquet", "Parquet"),
]  # fmt: skip

CONTENTS = [
    parquet_case("no rows", parquet(TABLE.slice(0, 0)), "no_rows", "no rows"),
    parquet_case("no columns", parquet(pa.table({})), "no_columns", "column"),
    parquet_case("lists", parquet(LISTS), "nested_value", "x"),
    parquet_case("structs", parquet(STRUCTS), "nested_value", "x"),
    parquet_case("maps", parquet(pa.table({"x": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))})), "nested_value", "x"),
    parquet_case("bytes that are not text", parquet(pa.table({"x": pa.array([b"\xff\xfe", b"\0"])})), "unsupported_type", "binary"),
    parquet_case("infinity", parquet(pa.table({"x": [1.0, float("inf")]})), "infinite_number", "inf"),
    parquet_case("minus infinity, far down", parquet(pa.table({"x": [1.0] * 100_000 + [float("-inf")]})), "infinite_number", "inf"),
    parquet_case("texts that are not UTF-8", parquet(pa.table({"x": ["abcdefgh"]})).replace(b"abcdefgh", b"abc\xff\xfefgh"), "wrong_encoding", "UTF-8"),
    parquet_case("page that is broken", GOOD[:4] + b"\xff" * 200 + GOOD[204:], "not_parquet", "Parquet"),
    parquet_case("compressed page of noise", lambda: noisy(parquet(compression="zstd")), "not_parquet", "Parquet"),
    parquet_case("wrong checksum", swap_last(parquet(write_page_checksum=True)), "not_parquet", "Parquet"),
    parquet_case("100,000 columns", lambda: parquet(pa.table({f"c{n}": [1] for n in range(20_000)})), "too_many_columns", "20000"),
    parquet_case("two billion rows in a small file", partial(many_rows, 10**6, 2000), "too_many_rows", "rows", 413),
]  # fmt: skip

CASES = [*FOOTERS, *CONTENTS]
