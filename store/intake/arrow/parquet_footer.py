"""Checks of a Parquet file's footer against the file, before any data are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import types

from store.errors import IntakeError
from store.intake.cells.column_names import check_column_count
from store.intake.options import Limits

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
TAIL_BYTES = 8
MAX_FOOTER_BYTES = 2**26
# A cell in a column file: at least the offset of a text.
LEAST_BITS, BOOLEAN_BITS = 32, 1


def broken(why: str) -> IntakeError:
    """Return the error for an invalid Parquet file."""
    return IntakeError("not_parquet", f"the Parquet file is broken: {why}")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate pyarrow's errors for a broken file into IntakeError."""
    try:
        yield
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        text = str(error)
        if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
            raise IntakeError("wrong_encoding", "a text in the file is not UTF-8") from error
        raise broken(text[:200]) from error


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


def check_least_bytes(schema: pa.Schema, rows: int, limits: Limits) -> None:
    """Raise IntakeLimitError if `rows` rows would be too large even if no text had a letter."""
    bits = sum(BOOLEAN_BITS if types.is_boolean(f.type) else LEAST_BITS for f in schema)
    limits.budget(f"the {rows} rows of the Parquet file take at least").reach(rows * bits // 8)
