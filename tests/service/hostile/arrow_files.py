"""Arrow files and streams with false footers, offsets and lengths."""

# One case per line, for a readable table.
# ruff: noqa: E501

from collections.abc import Callable

import pyarrow as pa

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import noise
from tests.service.hostile.parquet_files import LISTS, ROWS, STRUCTS, TABLE, noisy

FILE = "application/vnd.apache.arrow.file"
STREAM = "application/vnd.apache.arrow.stream"


def arrow(table: pa.Table = TABLE, *, stream: bool = False, **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def swap(data: bytes, old: bytes, new: bytes, which: int = 0) -> bytes:
    """Return the file with one occurrence of `old` replaced."""
    parts = data.split(old)
    assert len(parts) > which + 1, "the file has no such bytes"
    return old.join(parts[: which + 1]) + new + old.join(parts[which + 1 :])


def int64(number: int) -> bytes:
    return number.to_bytes(8, "little", signed=True)


def arrow_case(
    name: str, content: bytes | Callable[[], bytes], code: str, says: str, status: int = 422
) -> Case:
    return Case(f"file: {name}", content, code, says, media_type=FILE, status=status)


def stream_case(
    name: str, content: bytes | Callable[[], bytes], code: str, says: str, status: int = 422
) -> Case:
    return Case(f"stream: {name}", content, code, says, media_type=STREAM, status=status)


ARROW = arrow()
FLOWING = arrow(stream=True)
WORDS = pa.table({"x": ["one", "two", "three"]})
OFFSETS = b"".join(n.to_bytes(4, "little") for n in (0, 3, 6, 11))


def offsets(*numbers: int) -> bytes:
    new = b"".join(n.to_bytes(4, "little", signed=True) for n in numbers)
    return swap(arrow(WORDS), OFFSETS, new)


CASES = [
    arrow_case("empty", b"", "empty_file", "empty"),
    arrow_case("magic bytes alone", b"ARROW1\0\0", "not_arrow", "Arrow"),
    arrow_case("file cut in the middle", ARROW[: len(ARROW) // 2], "not_arrow", "Arrow"),
    arrow_case("file cut by one byte", ARROW[:-1], "not_arrow", "Arrow"),
    arrow_case("footer of 2 GB", ARROW[:-10] + b"\xff\xff\xff\x7fARROW1", "not_arrow", "Arrow"),
    arrow_case("negative footer length", ARROW[:-10] + b"\xff\xff\xff\xffARROW1", "not_arrow", "Arrow"),
    arrow_case("footer of noise", ARROW[:-200] + noise(190) + ARROW[-10:], "not_arrow", "Arrow"),
    arrow_case("head of noise", ARROW[:8] + noise(200) + ARROW[208:], "not_arrow", "Arrow"),
    arrow_case("more rows than there are", swap(ARROW, int64(ROWS), int64(10**6)), "not_arrow", "Arrow"),
    arrow_case("a terabyte of rows", swap(ARROW, int64(ROWS), int64(10**12)), "too_many_rows", "rows", 413),
    arrow_case("negative row count", swap(ARROW, int64(ROWS), int64(-1)), "not_arrow", "Arrow"),
    arrow_case("a buffer beyond the file", swap(ARROW, int64(ROWS * 8), int64(10**12)), "not_arrow", "Arrow"),
    arrow_case("negative buffer length", swap(ARROW, int64(ROWS * 8), int64(-8)), "not_arrow", "Arrow"),
    arrow_case("buffer too short", swap(ARROW, int64(ROWS * 8), int64(8)), "not_arrow", "Arrow"),
    arrow_case("text beyond its buffer", offsets(0, 3, 6, 10**9), "not_arrow", "Arrow"),
    arrow_case("negative text offset", offsets(0, -3, 6, 11), "not_arrow", "Arrow"),
    arrow_case("decreasing text offsets", offsets(0, 6, 3, 11), "not_arrow", "Arrow"),
    arrow_case("texts that are not UTF-8", swap(arrow(WORDS), b"onetwo", b"o\xfe\xfftwo"), "wrong_encoding", "UTF-8"),
    arrow_case("compressed data of noise", lambda: noisy(arrow(compression="zstd")), "not_arrow", "Arrow"),
    arrow_case("no rows", arrow(TABLE.slice(0, 0)), "no_rows", "no rows"),
    arrow_case("no columns", arrow(pa.table({})), "no_columns", "column"),
    arrow_case("lists", arrow(LISTS), "nested_value", "x"),
    arrow_case("structs", arrow(STRUCTS), "nested_value", "x"),
    arrow_case("infinity", arrow(pa.table({"x": [1.0, float("-inf")]})), "infinite_number", "inf"),
    arrow_case("20,000 columns", lambda: arrow(pa.table({f"c{n}": [1] for n in range(20_000)})), "too_many_columns", "20000"),
    arrow_case("stream named as a file, cut", FLOWING[:300], "not_arrow", "Arrow"),
    stream_case("stream cut in a batch", FLOWING[: len(FLOWING) // 2], "not_arrow", "Arrow"),
    stream_case("stream cut in its schema", FLOWING[:100], "not_arrow", "Arrow"),
    stream_case("stream without a batch", arrow(TABLE.slice(0, 0), stream=True), "no_rows", "no rows"),
    stream_case("end marker alone", b"\xff\xff\xff\xff\0\0\0\0", "not_arrow", "Arrow"),
    stream_case("stream with a schema of 2 GB", b"\xff\xff\xff\xff\xff\xff\xff\x7f" + FLOWING[8:], "not_arrow", "Arrow"),
    stream_case("stream with a terabyte of rows", swap(FLOWING, int64(ROWS), int64(10**12)), "too_many_rows", "rows", 413),
    stream_case("stream with more rows than there are", swap(FLOWING, int64(ROWS), int64(10**6)), "not_arrow", "Arrow"),
    stream_case("stream of noise", noise(5000), "not_arrow", "Arrow"),
    stream_case("stream of lists", arrow(LISTS, stream=True), "nested_value", "x"),
    stream_case("stream of raw bytes", arrow(pa.table({"x": [b"\xff\0"]}), stream=True), "unsupported_type", "binary"),
]  # fmt: skip
