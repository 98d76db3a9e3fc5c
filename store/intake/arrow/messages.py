"""Looks through an Arrow file or stream before pyarrow does: what its messages claim to hold.

Only the few fields of the FlatBuffers tables that say how much there is are read; see
https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from store.errors import IntakeError
from store.intake.formats.compression import FREE_BYTES, MAX_EXPANSION

MAGIC = b"ARROW1"
HEAD_BYTES = 8
# A file ends with the length of its footer and the magic.
TAIL_BYTES = 10
CONTINUATION = b"\xff\xff\xff\xff"
MAX_METADATA_BYTES = 2**25
# Compressed batches are unpacked whole.
MAX_UNPACKED_BYTES = 2**28
DICTIONARY_BATCH, RECORD_BATCH = 2, 3
BLOCK_BYTES, BUFFER_BYTES = 24, 16


@dataclass(frozen=True)
class _Message:
    """Where a message begins, where its body does, and where it ends."""

    header: int
    kind: int
    body: int
    end: int


def count_rows(data: memoryview) -> int:
    """The rows that all record batches claim. Raises IntakeError for claims that cannot be."""
    rows = 0
    try:
        for start in _starts(data):
            rows += _check(data, _read_message(data, start))
    except (struct.error, IndexError, ValueError) as error:
        raise broken("its messages do not fit together") from error
    return rows


def broken(why: str) -> IntakeError:
    """An Arrow file or stream that is none."""
    return IntakeError("not_arrow", f"the Arrow file or stream is broken: {why}")


def _starts(data: memoryview) -> Iterator[int]:
    """Where the messages with rows or dictionaries begin."""
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
        raise broken(f"its footer claims {length} bytes, of {size} in all")
    footer = _root(data, size - TAIL_BYTES - length)
    for field in (2, 3):
        for block in _vector(data, footer, field, BLOCK_BYTES):
            yield _unpack(data, "<q", block)


def _read_message(data: memoryview, start: int) -> _Message | None:
    """The message at a place; None for the mark of the end."""
    if bytes(data[start : start + 4]) == CONTINUATION:
        start += 4
    length = _unpack(data, "<i", start)
    if length == 0:
        return None
    body = start + 4 + length
    if length < 0 or length > MAX_METADATA_BYTES or body > len(data):
        raise broken(f"a message claims {length} bytes, of {len(data)} in all")
    table = _root(data, start + 4)
    kind = _field(data, table, 1)
    header = _field(data, table, 2)
    size_at = _field(data, table, 3)
    size = 0 if size_at is None else _unpack(data, "<q", size_at)
    if size < 0 or size > len(data) - body:
        raise broken(f"it is cut off: a message claims {size} bytes, {len(data) - body} are left")
    if kind is None or header is None:
        raise broken("a message has no header")
    return _Message(_follow(data, header), data[kind], body, body + size)


def _check(data: memoryview, message: _Message | None) -> int:
    """The rows of a message's batch. Raises IntakeError."""
    if message is None or message.kind not in {DICTIONARY_BATCH, RECORD_BATCH}:
        raise broken("its footer does not point to rows")
    batch = message.header
    if message.kind == DICTIONARY_BATCH:
        inner = _field(data, batch, 1)
        if inner is None:
            raise broken("a dictionary has no values")
        batch = _follow(data, inner)
    length_at = _field(data, batch, 0)
    rows = 0 if length_at is None else _unpack(data, "<q", length_at)
    if rows < 0:
        raise broken(f"a batch claims {rows} rows")
    if _field(data, batch, 3) is not None:
        _check_unpacked(data, batch, message)
    return rows if message.kind == RECORD_BATCH else 0


def _check_unpacked(data: memoryview, batch: int, message: _Message) -> None:
    """Each compressed buffer begins with its length once it is unpacked."""
    size = message.end - message.body
    unpacked = 0
    for buffer in _vector(data, batch, 2, BUFFER_BYTES):
        start, length = struct.unpack_from("<qq", data, buffer)
        if start < 0 or length < 0 or start + length > size:
            raise broken("a buffer lies outside of its message")
        if length:
            unpacked += max(0, _unpack(data, "<q", message.body + start))
    if unpacked > max(FREE_BYTES, MAX_EXPANSION * size):
        detail = f"a batch of {size} bytes expands to {unpacked}, more than {MAX_EXPANSION}-fold"
        raise IntakeError("expands_too_much", detail)
    if unpacked > MAX_UNPACKED_BYTES:
        detail = (
            f"a compressed batch holds {unpacked} bytes: write batches of fewer rows, "
            f"at most {MAX_UNPACKED_BYTES} bytes are accepted"
        )
        raise IntakeError("batch_too_large", detail)


def _root(data: memoryview, start: int) -> int:
    return _follow(data, start)


def _follow(data: memoryview, at: int) -> int:
    """Where the offset at a place points to."""
    target = at + _unpack(data, "<I", at)
    if target >= len(data):
        raise ValueError(target)
    return target


def _field(data: memoryview, table: int, index: int) -> int | None:
    """Where a field of a table is; None if it has its default."""
    fields = table - _unpack(data, "<i", table)
    if fields < 0 or 4 + 2 * index >= _unpack(data, "<H", fields):
        return None
    offset = _unpack(data, "<H", fields + 4 + 2 * index)
    return table + offset if offset else None


def _vector(data: memoryview, table: int, index: int, item_bytes: int) -> range:
    """Where the items of a vector of structs are."""
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
