"""Scan of all bytes of a text file before parsing: encoding, NUL bytes, line lengths."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from store.errors import FileLocation, IntakeError

CHUNK_BYTES = 2**20
# A longer row is unlikely in a table and would have to be kept in memory.
MAX_ROW_BYTES = 4 * 2**20
LONG_LINE_BYTES = 2**15
# Larger blocks take more memory without being faster.
BLOCK_BYTES = 2**20
UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")


class WrongEncodingError(Exception):
    """The bytes of line `line` are invalid in the encoding."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}")


@dataclass(frozen=True)
class FileScan:
    """Result of scanning all bytes of a file.

    Attributes:
        quotes: number of quote characters.
        has_long_lines: whether lines longer than `LONG_LINE_BYTES` were found.
    """

    quotes: int
    has_long_lines: bool

    @property
    def block_bytes(self) -> int:
        """Bytes per block, which is also the maximum row length: long rows rarely come alone."""
        return MAX_ROW_BYTES if self.has_long_lines else BLOCK_BYTES


def scan_file(path: Path, encoding: str, quote: str) -> FileScan:
    """Scan every byte. Raises WrongEncodingError; IntakeError for NUL bytes and too long rows."""
    decoder = None if encoding == "latin-1" else codecs.getincrementaldecoder(encoding)("strict")
    is_wide = encoding.startswith("utf-16")
    offset = unended = quotes = 0
    has_long_lines = False
    for chunk in _chunks(path):
        if not is_wide and (at := chunk.find(b"\0")) >= 0:
            raise _nul_found(line_at(path, offset + at))
        if decoder is not None:
            _decode(path, offset, decoder, chunk, encoding)
        first, last = _ends(chunk)
        if unended + first > MAX_ROW_BYTES:
            raise row_too_long(line_at(path, offset - unended))
        has_long_lines |= max(unended + first, _middle_line(chunk)) > LONG_LINE_BYTES
        unended = unended + len(chunk) if last < 0 else len(chunk) - last - 1
        quotes += _count(chunk, quote) if quote else 0
        offset += len(chunk)
    if decoder is not None:
        _decode(path, offset, decoder, b"", encoding)
    return FileScan(quotes, has_long_lines)


def _count(chunk: bytes, character: str) -> int:
    """Count a character; bytes.count takes seven times as long if it is frequent."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord(character)))


def line_at(path: Path, offset: int) -> int:
    """Return the 1-based line of the byte at an offset."""
    line = 1
    with path.open("rb") as file:
        while offset > 0 and (chunk := file.read(min(offset, CHUNK_BYTES))):
            # Carriage returns are line ends only if there are no line feeds.
            line += chunk.count(b"\n") or chunk.count(b"\r")
            offset -= len(chunk)
    return line


def _ends(chunk: bytes) -> tuple[int, int]:
    """Return the offsets of a chunk's first line end, or its length, and of its last one, or −1."""
    firsts = [at for end in (b"\n", b"\r") if (at := chunk.find(end)) >= 0]
    return min(firsts, default=len(chunk)), max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))


def _middle_line(chunk: bytes) -> int:
    """Return the length of the line in the middle of a chunk, as a sample of its lines."""
    middle = len(chunk) // 2
    ends = [at for end in (b"\n", b"\r") if (at := chunk.find(end, middle)) >= 0]
    begin = max(chunk.rfind(b"\n", 0, middle), chunk.rfind(b"\r", 0, middle))
    return min(ends, default=len(chunk)) - begin


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _decode(
    path: Path, offset: int, decoder: codecs.IncrementalDecoder, chunk: bytes, encoding: str
) -> None:
    """Validate a chunk. Raises WrongEncodingError; IntakeError for NUL characters."""
    if encoding == "cp1252":
        # Searching for undefined bytes is far faster than decoding.
        bad = [at for byte in UNDEFINED_IN_CP1252 if (at := chunk.find(byte)) >= 0]
        if bad:
            raise WrongEncodingError(line_at(path, offset + min(bad)))
        return
    if encoding == "utf-8" and chunk and chunk.isascii() and not decoder.getstate()[0]:
        return
    waiting = len(decoder.getstate()[0])
    try:
        text = decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        raise WrongEncodingError(line_at(path, offset - waiting + error.start)) from error
    if "\0" in text:
        before = text[: text.index("\0")].encode(encoding)
        raise _nul_found(line_at(path, offset - waiting + len(before)))


def _nul_found(line: int) -> IntakeError:
    detail = f"line {line} holds NUL bytes: the file is not a CSV file"
    return IntakeError("not_csv", detail, FileLocation(line))


def row_too_long(line: int | None, limit: int = MAX_ROW_BYTES) -> IntakeError:
    """Return the error for a row that exceeds the maximum length."""
    where = "a row" if line is None else f"the row at line {line}"
    detail = f"{where} is longer than {limit} bytes"
    return IntakeError("row_too_long", detail, FileLocation(line))
