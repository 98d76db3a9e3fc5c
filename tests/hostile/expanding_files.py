"""Small files of every format that stand for large tables."""

import base64
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from store.intake.cells.text_views import take_views
from tests.store.intake.any_files import arrow_bytes, npy_bytes, npz_bytes, parquet_bytes

Reader = Literal["csv", "json_lines", "json", "parquet", "arrow", "npy", "npz"]
Packing = Literal["none", "gzip", "zstd"]
READERS: tuple[Reader, ...] = ("csv", "json_lines", "json", "parquet", "arrow", "npy", "npz")
PACKINGS: tuple[Packing, ...] = ("none", "gzip", "zstd")
FOLDS = (10**3, 10**5, 10**7)
MIB = 2**20


@dataclass(frozen=True)
class Expanding:
    """A file.

    Attributes:
        content: its bytes.
        produced: least bytes of its column file.
    """

    content: bytes
    produced: int

    @property
    def fold(self) -> float:
        """Bytes produced per byte sent."""
        return self.produced / len(self.content)


def pack(content: bytes, packing: Packing) -> bytes:
    """Compress a file."""
    match packing:
        case "gzip":
            return gzip.compress(content, mtime=0)
        case "zstd":
            packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
            return packed
        case _:
            return content


def noise(length: int) -> str:
    """Return a text that cannot be compressed to less than three quarters."""
    return base64.b64encode(random.Random(length).randbytes(length))[:length].decode()


def arrow_nulls(names: list[str], rows: int) -> Expanding:
    """Return columns of nulls, which take no bytes of an Arrow file at all."""
    nulls = pa.RecordBatch.from_arrays([pa.nulls(rows)] * len(names), names=names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, nulls.schema) as writer:
        writer.write_batch(nulls)
    return Expanding(sink.getvalue().to_pybytes(), 4 * rows * len(names))


def arrow_views(length: int, rows: int) -> Expanding:
    """Return views of one text of which the file has only one copy."""
    views = take_views(pa.array(["a" * length], pa.string_view()), pa.array([0] * rows))
    sink = pa.BufferOutputStream()
    table = pa.table({"x": views})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Expanding(sink.getvalue().to_pybytes(), length * rows)


def repeated_text(text: str, rows: int) -> pa.Table:
    """Return a column that refers to one text in all rows."""
    codes = pa.array(np.zeros(rows, np.int8))
    return pa.table({"x": pa.DictionaryArray.from_arrays(codes, pa.array([text]))})


def arrow_dictionary(text: str, rows: int) -> Expanding:
    """Return one text in a dictionary, and compressed references to it."""
    sink, table = pa.BufferOutputStream(), repeated_text(text, rows)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return Expanding(sink.getvalue().to_pybytes(), len(text) * rows)


def parquet_dictionary(text: str, rows: int) -> Expanding:
    """Return one text in a dictionary page, and runs of references to it."""
    sink = io.BytesIO()
    options = {"compression": "zstd", "write_statistics": False, "store_schema": False}
    pq.write_table(repeated_text(text, rows), sink, dictionary_pagesize_limit=2**30, **options)
    return Expanding(sink.getvalue(), len(text) * rows)


def parquet_with_false_footer(length: int, columns: int) -> Expanding:
    """Return columns of one long text each, of which the footer claims that they are short."""
    table = pa.table({f"c{index}": ["a" * length] for index in range(columns)})
    sink = io.BytesIO()
    options = {"compression": "zstd", "write_statistics": False, "store_schema": False}
    pq.write_table(table, sink, use_dictionary=False, data_page_size=2**31 - 1, **options)
    content = sink.getvalue()
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    footer, group = content[start:], pq.read_metadata(io.BytesIO(content)).row_group(0)
    sizes = [group.column(index).total_uncompressed_size for index in range(columns)]
    for size in {group.total_byte_size, *sizes}:
        true = _varint(2 * size)
        assert true in footer
        footer = footer.replace(true, _varint(2 * 5000, len(true)))
    return Expanding(content[:start] + footer, length * columns)


def _varint(number: int, length: int = 1) -> bytes:
    """Return a number in the notation of Parquet's footers, in at least `length` bytes."""
    found = bytearray()
    while number > 127 or len(found) < length - 1:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def sparse_json(columns: int, rows: int, *, is_lines: bool) -> Expanding:
    """Return rows of one key each, all different, before rows without any."""
    keys = (f'{{"k{column}":1}}' for column in range(columns))
    end = "\n" if is_lines else ","
    text = (end.join(keys) + end + f"{{}}{end}" * rows).removesuffix(end)
    content = text if is_lines else f"[{text}]"
    return Expanding(content.encode(), 4 * columns * (columns + rows))


def csv_ones(rows: int) -> Expanding:
    """Return a column of ones."""
    return Expanding(b"x\n" + b"1\n" * rows, 8 * rows)


def npy_zeros(rows: int) -> Expanding:
    """Return an array of one byte per number."""
    sink = io.BytesIO()
    np.save(sink, np.zeros((rows, 1), np.int8))
    return Expanding(sink.getvalue(), 8 * rows)


def npz_zeros(rows: int) -> Expanding:
    """Return an archive of the array."""
    sink, array = io.BytesIO(), npy_zeros(rows)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("X.npy", array.content)
    return Expanding(sink.getvalue(), array.produced)


def _lines(columns: int, rows: int) -> Callable[[], Expanding]:
    return lambda: sparse_json(columns, rows, is_lines=True)


def _document(columns: int, rows: int) -> Callable[[], Expanding]:
    return lambda: sparse_json(columns, rows, is_lines=False)


# The files by format, compression and fold. Others cannot expand as far: a cell takes two bytes of
# CSV and one of .npy, for eight stored ones; gzip makes 1,030 bytes of one, zstd about 20,000.
_BINARY: Mapping[tuple[Reader, int], Callable[[], Expanding]] = {
    ("arrow", 10**3): lambda: arrow_dictionary(noise(MIB // 4), 2000),
    ("arrow", 10**5): lambda: arrow_nulls(["x"], 2**26),
    ("arrow", 10**7): lambda: arrow_nulls(["x"], 2**31 - 2),
    ("parquet", 10**3): lambda: parquet_dictionary(noise(MIB // 4), 2000),
    ("parquet", 10**5): lambda: parquet_dictionary("a" * 1000, 10**6),
    ("parquet", 10**7): lambda: parquet_dictionary("a" * MIB, 20_000),
}
FILES: Mapping[tuple[Reader, Packing, int], Callable[[], Expanding]] = {
    **{(name, p, fold): make for (name, fold), make in _BINARY.items() for p in PACKINGS},
    ("json_lines", "none", 10**3): _lines(1500, 30_000),
    ("json_lines", "gzip", 10**3): _lines(1500, 100_000),
    ("json_lines", "zstd", 10**3): _lines(1500, 100_000),
    ("json_lines", "gzip", 10**5): _lines(2000, 500_000),
    ("json_lines", "zstd", 10**5): _lines(2000, 500_000),
    ("json_lines", "zstd", 10**7): _lines(10_000, 12_000_000),
    ("json", "none", 10**3): _document(1500, 30_000),
    ("json", "gzip", 10**3): _document(1500, 100_000),
    ("json", "zstd", 10**3): _document(1500, 100_000),
    ("json", "gzip", 10**5): _document(2000, 500_000),
    ("json", "zstd", 10**5): _document(2000, 500_000),
    ("json", "zstd", 10**7): _document(10_000, 12_000_000),
    ("csv", "gzip", 10**3): lambda: csv_ones(60_000_000),
    ("csv", "zstd", 10**3): lambda: csv_ones(60_000_000),
    ("npy", "gzip", 10**3): lambda: npy_zeros(120_000_000),
    ("npy", "zstd", 10**3): lambda: npy_zeros(30_000_000),
    ("npy", "zstd", 10**5): lambda: npy_zeros(120_000_000),
    ("npz", "none", 10**3): lambda: npz_zeros(120_000_000),
    ("npz", "gzip", 10**5): lambda: npz_zeros(120_000_000),
    ("npz", "zstd", 10**5): lambda: npz_zeros(120_000_000),
}  # fmt: skip


def build(reader: Reader, packing: Packing, fold: int) -> Expanding:
    """Return the file, compressed."""
    file = FILES[reader, packing, fold]()
    return Expanding(pack(file.content, packing), file.produced)


def honest(reader: Reader, count: int = 20_000) -> bytes:
    """Return a table of a number and a text per row, or of two numbers."""
    rows = [{"x": n * 0.5, "t": f"text {n % 50}"} for n in range(count)]
    table = pa.Table.from_pylist(rows)
    numbers = np.arange(2.0 * count).reshape(-1, 2)
    match reader:
        case "csv":
            return "".join(["x,t\n", *(f"{row['x']},{row['t']}\n" for row in rows)]).encode()
        case "json_lines":
            return "\n".join(map(json.dumps, rows)).encode()
        case "json":
            return json.dumps(rows).encode()
        case "parquet":
            return parquet_bytes(table)
        case "arrow":
            return arrow_bytes(table)
        case "npy":
            return npy_bytes(numbers)
        case "npz":
            return npz_bytes(X=numbers)
