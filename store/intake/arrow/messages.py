"""Check the sizes claimed by the messages of an Arrow file or stream before pyarrow reads it.

Only the few size fields of the FlatBuffers tables are read; see
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from store.errors import IntakeError
from store.intake.arrow.dictionary_sizes import DictionarySizes
from store.intake.budget import Budget
from store.intake.options import Limits

MAGIC = b"ARROW1"
HEAD_BYTES = 8
# A file ends with the length of its footer (4 bytes) and the magic bytes.
TAIL_BYTES = 10
CONTINUATION = b"\xff\xff\xff\xff"
MAX_METADATA_BYTES = 2**25
# pyarrow decompresses a batch as a whole.
MAX_UNPACKED_BYTES = 2**28
DICTIONARY_BATCH, RECORD_BATCH = 2, 3
BLOCK_BYTES, BUFFER_BYTES = 24, 16


@dataclass(frozen=True)
class _Sizes:
    """Budgets that all messages of a file share."""

    dictionaries: DictionarySizes
    unpacked: Budget


@dataclass(frozen=True)
class _Message:
    """Offsets of a message: its header, its body and its end."""

    header: int
    kind: int
    body: int
    end: int


def count_rows(data: memoryview, limits: Limits) -> int:
    """Return the rows claimed by all record batches. Raises IntakeError for impossible claims."""
    rows = 0
    sizes = _Sizes(
        DictionarySizes(limits), limits.budget("the compressed buffers of the file expand to")
    )
    try:
        for start in _starts(data):
            rows += _check(data, _read_message(data, start), sizes)
    except (struct.error, IndexError, ValueError) as error:
        raise broken("its messages are inconsistent") from error
    return rows


def broken(why: str) -> IntakeError:
    """Return the error for an invalid Arrow file or stream."""
    return IntakeError("not_arrow", f"the Arrow file or stream is broken: {why}")


def _starts(data: memoryview) -> Iterator[int]:
    """Yield the offsets of the record batch and dictionary batch messages."""
    if bytes(data[: len(MAGIC)]) == MAGIC:
        yield from _starts_of_file(data)
        return
    start = 0
    while start < len(data):
        message = _read_message(data, start)
        if message is None:
            return
        if message.kind in {DICTIONARY_BATCH, RECORD_BATCH}:
            yield start
        start = message.end


def _starts_of_file(data: memoryview) -> Iterator[int]:
    size = len(data)
    if size < HEAD_BYTES + TAIL_BYTES or bytes(data[-len(MAGIC) :]) != MAGIC:
        raise broken("it is cut off")
    (length,) = struct.unpack_from("<i", data, size - TAIL_BYTES)
    if not 0 < length <= min(size - HEAD_BYTES - TAIL_BYTES, MAX_METADATA_BYTES):
        raise broken(f"its footer claims {length} bytes, but the file has {size}")
    footer = _root(data, size - TAIL_BYTES - length)
    for field in (2, 3):
        for block in _vector(data, footer, field, BLOCK_BYTES):
            yield _unpack(data, "<q", block)


def _read_message(data: memoryview, start: int) -> _Message | None:
    """Read the message at an offset; return None for the end-of-stream marker."""
    if bytes(data[start : start + 4]) == CONTINUATION:
        start += 4
    length = _unpack(data, "<i", start)
    if length == 0:
        return None
    body = start + 4 + length
    if length < 0 or length > MAX_METADATA_BYTES or body > len(data):
        raise broken(f"a message claims {length} bytes, but the file has {len(data)}")
    table = _root(data, start + 4)
    kind = _field(data, table, 1)
    header = _field(data, table, 2)
    size_at = _field(data, table, 3)
    size = 0 if size_at is None else _unpack(data, "<q", size_at)
    if size < 0 or size > len(data) - body:
        detail = f"it is cut off: a message claims {size} bytes, but {len(data) - body} are left"
        raise broken(detail)
    if kind is None or header is None:
        raise broken("a message has no header")
    return _Message(_follow(data, header), data[kind], body, body + size)


def _check(data: memoryview, message: _Message | None, sizes: _Sizes) -> int:
    """Check a message and return the rows of its record batch. Raises IntakeError."""
    if message is None or message.kind not in {DICTIONARY_BATCH, RECORD_BATCH}:
        raise broken("its footer does not point to rows")
    if message.kind == RECORD_BATCH:
        rows, _ = _check_batch(data, message.header, message, sizes)
        return rows
    inner = _field(data, message.header, 1)
    if inner is None:
        raise broken("a dictionary has no values")
    _, size = _check_batch(data, _follow(data, inner), message, sizes)
    id_at, delta_at = _field(data, message.header, 0), _field(data, message.header, 2)
    dictionary = 0 if id_at is None else _unpack(data, "<q", id_at)
    sizes.dictionaries.add(dictionary, size, is_delta=delta_at is not None and bool(data[delta_at]))
    return 0


def _check_batch(data: memoryview, batch: int, message: _Message, sizes: _Sizes) -> tuple[int, int]:
    """Return rows and decompressed bytes of a batch. Raises IntakeError."""
    length_at = _field(data, batch, 0)
    rows = 0 if length_at is None else _unpack(data, "<q", length_at)
    if rows < 0:
        raise broken(f"a batch claims {rows} rows")
    if _field(data, batch, 3) is None:
        return rows, message.end - message.body
    return rows, _check_unpacked(data, batch, message, sizes.unpacked)


def _check_unpacked(data: memoryview, batch: int, message: _Message, budget: Budget) -> int:
    """Return the decompressed bytes by the lengths at the start of the compressed buffers.

    Raises IntakeError if they are too many.
    """
    size = message.end - message.body
    unpacked = 0
    for buffer in _vector(data, batch, 2, BUFFER_BYTES):
        start, length = struct.unpack_from("<qq", data, buffer)
        if start < 0 or length < 0 or start + length > size:
            raise broken("a buffer lies outside its message")
        if length:
            unpacked += max(0, _unpack(data, "<q", message.body + start))
    # pyarrow refuses a buffer that decompresses to another length.
    budget.add(unpacked)
    if unpacked > MAX_UNPACKED_BYTES:
        detail = (
            f"a compressed batch holds {unpacked} uncompressed bytes: write batches of fewer rows, "
            f"at most {MAX_UNPACKED_BYTES} bytes are accepted"
        )
        raise IntakeError("batch_too_large", detail)
    return unpacked


def _root(data: memoryview, start: int) -> int:
    return _follow(data, start)


def _follow(data: memoryview, at: int) -> int:
    """Return the target of the relative offset stored at `at`."""
    target = at + _unpack(data, "<I", at)
    if target >= len(data):
        raise ValueError(target)
    return target


def _field(data: memoryview, table: int, index: int) -> int | None:
    """Return the offset of a table's field; None if it has its default value."""
    fields = table - _unpack(data, "<i", table)
    if fields < 0 or 4 + 2 * index >= _unpack(data, "<H", fields):
        return None
    offset = _unpack(data, "<H", fields + 4 + 2 * index)
    return table + offset if offset else None


def _vector(data: memoryview, table: int, index: int, item_bytes: int) -> range:
    """Return the offsets of the items of a vector of structs."""
    at = _field(data, table, index)
    if at is None:
        return range(0)
    start = _follow(data, at)
    end = start + 4 + _unpack(data, "<I", start) * item_bytes
    if end > len(data):
        raise ValueError(end)
    return range(start + 4, end, item_bytes)


def _unpack(data: memoryview, layout: str, at: int) -> int:
    if at < 0:
        raise ValueError(at)
    return int(struct.unpack_from(layout, data, at)[0])
