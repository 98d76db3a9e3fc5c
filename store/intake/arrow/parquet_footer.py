"""Checks of a Parquet file's footer against the file, before any data are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from store.errors import IntakeError
from store.intake.cells.column_names import check_column_count

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
TAIL_BYTES = 8
MAX_FOOTER_BYTES = 2**26
# Runs of equal values take almost no bytes; a larger ratio indicates a decompression bomb.
MAX_EXPANSION = 1000
FREE_BYTES = 2**26


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate pyarrow's errors for a broken file into IntakeError."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        text = str(error)
        if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
            raise IntakeError("wrong_encoding", "a text in the file is not UTF-8") from error
        detail = f"the Parquet file is broken: {text[:200]}"
        raise IntakeError("not_parquet", detail) from error


def check_tail(path: Path, max_columns: int) -> None:
    """Check a footer's magic bytes, length and column count before parsing. Raises IntakeError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        file.seek(max(0, size - TAIL_BYTES))
        tail = file.read()
        if ENCRYPTED in {head, tail[4:]}:
            raise IntakeError("not_parquet", "the Parquet file is encrypted: send it decrypted")
        footer = int.from_bytes(tail[:4], "little")
        if tail[4:] != MAGIC or size < TAIL_BYTES + len(MAGIC):
            detail = "the Parquet file is cut off: it does not end with its magic bytes"
            raise IntakeError("not_parquet", detail)
        if not 0 < footer <= min(size - TAIL_BYTES - len(MAGIC), MAX_FOOTER_BYTES):
            detail = (
                f"the footer of the Parquet file claims {footer} bytes, but the file has {size}"
            )
            raise IntakeError("not_parquet", detail)
        file.seek(size - TAIL_BYTES - footer)
        fields = _count_schema_fields(file.read(64))
    if fields is not None:
        check_column_count(fields - 1, max_columns)


def _count_schema_fields(footer: bytes) -> int | None:
    """Return the schema's field count including the root; None if the list is not in its place.

    A footer uses Thrift's compact protocol: field 1 is the version, field 2 the list of fields.
    """
    version = 1
    while version < len(footer) and footer[version] & 0x80:
        version += 1
    at = version + 1
    if footer[:1] != b"\x15" or footer[at : at + 1] != b"\x19":
        return None
    size = footer[at + 1] >> 4
    if size < 15:
        return size
    count, shift = 0, 0
    for byte in footer[at + 2 : at + 12]:
        count |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return count


def check_groups(metadata: pq.FileMetaData, size: int) -> int:
    """Return the uncompressed bytes. Raises IntakeError if the footer contradicts the file."""
    rows = unpacked = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        if group.num_rows < 0:
            detail = f"row group {index} of the Parquet file claims {group.num_rows} rows"
            raise IntakeError("not_parquet", detail)
        rows += group.num_rows
        for column in range(group.num_columns):
            chunk = group.column(column)
            _check_chunk(chunk, index, group.num_rows, size)
            unpacked += max(0, chunk.total_uncompressed_size)
    if rows != metadata.num_rows:
        detail = f"the Parquet file claims {metadata.num_rows} rows, but its row groups {rows}"
        raise IntakeError("not_parquet", detail)
    if unpacked > max(FREE_BYTES, MAX_EXPANSION * size):
        detail = f"the Parquet file expands from {size} to {unpacked} bytes"
        raise IntakeError("expands_too_much", detail)
    return unpacked


def _check_chunk(chunk: pq.ColumnChunkMetaData, group: int, rows: int, size: int) -> None:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    if start < 0 or not 0 <= chunk.total_compressed_size <= size - start:
        detail = f"a column of row group {group} lies outside the Parquet file"
        raise IntakeError("not_parquet", detail)
    if chunk.num_values != rows:
        detail = (
            f"a column of row group {group} of the Parquet file claims {chunk.num_values} values, "
            f"but the row group {rows} rows"
        )
        raise IntakeError("not_parquet", detail)


def check_expansion(schema: pa.Schema, rows: int, size: int) -> None:
    """Raise IntakeError if `rows` rows expand too much from a file of `size` bytes."""
    bits = sum(_bit_width(field.type) for field in schema)
    if rows * bits / 8 > max(FREE_BYTES, MAX_EXPANSION * size):
        detail = f"the Parquet file of {size} bytes claims {rows} rows"
        raise IntakeError("too_many_rows", detail)


def _bit_width(data_type: pa.DataType) -> int:
    try:
        return int(data_type.bit_width)
    except ValueError:
        # Text has no fixed width: count at least one byte, its dictionary index.
        return 8
