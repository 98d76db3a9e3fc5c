"""One look at all bytes of a text file, before any is parsed: encoding, NULs, endless lines."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from store.errors import FileLocation, IntakeError

CHUNK_BYTES = 2**20
# What is longer is not of a table, and would have to be held in memory.
MAX_ROW_BYTES = 4 * 2**20
LONG_LINE_BYTES = 2**15
# Larger blocks are no faster and cost more memory.
BLOCK_BYTES = 2**20
UNDEFINED_IN_CP1252 = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")


class WrongEncodingError(Exception):
    """The bytes of some line are not text of the encoding."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}")


@dataclass(frozen=True)
class FileScan:
    """What all bytes of a file show.

    Attributes:
        quotes: how many quotes there are.
        has_long_lines: whether lines are longer than some ten kilobytes.
    """

    quotes: int
    has_long_lines: bool

    @property
    def block_bytes(self) -> int:
        """How much is read at once, which is what a row may be long: where one is, many are."""
        return MAX_ROW_BYTES if self.has_long_lines else BLOCK_BYTES


def survey_file(path: Path, encoding: str, quote: str) -> FileScan:
    """Look at every byte. Raises WrongEncodingError; IntakeError for NULs and endless lines."""
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


def _count(chunk: bytes, sign: str) -> int:
    """How often one sign occurs; bytes.count takes seven times as long where that is often."""
    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord(sign)))


def line_at(path: Path, offset: int) -> int:
    """The line of a byte, counted from 1."""
    line = 1
    with path.open("rb") as file:
        while offset > 0 and (chunk := file.read(min(offset, CHUNK_BYTES))):
            # Lines end in line feeds, or else in carriage returns.
            line += chunk.count(b"\n") or chunk.count(b"\r")
            offset -= len(chunk)
    return line


def _ends(chunk: bytes) -> tuple[int, int]:
    """Where a chunk's first line end is, its length if there is none, and its last one, or −1."""
    firsts = [at for end in (b"\n", b"\r") if (at := chunk.find(end)) >= 0]
    return min(firsts, default=len(chunk)), max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))


def _middle_line(chunk: bytes) -> int:
    """How long the line in the middle of a chunk is: it stands for the others."""
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
    """Raises WrongEncodingError, and IntakeError for NULs that are two bytes wide."""
    if encoding == "cp1252":
        # Far faster than to decode it.
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
    """A row that does not fit in memory's share for one."""
    where = "a row" if line is None else f"the row at line {line}"
    detail = f"{where} is longer than {limit} bytes"
    return IntakeError("row_too_long", detail, FileLocation(line))
