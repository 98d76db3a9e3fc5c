"""A JSON document as events, a chunk of its file at a time, and what is wrong where it is none."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson  # type: ignore[import-untyped]

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import MAX_ROW_BYTES
from store.intake.cells.arrow_types import cut
from store.intake.json.rows import number_too_large, row_too_long

CHUNK_BYTES = 2**16
MAX_CHUNK_BYTES = 2**19
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCALARS = frozenset({"null", "boolean", "number", "string"})
# The first half of a pair without the second: ijson would make it a question mark.
HALF_PAIR = re.compile(
    rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?:[^\\]|\\(?:[^u]|u(?:[^dD]|.[^c-fC-F])))"
)
Event = tuple[str, Any]


class Events:
    """Iterates over a document as `ijson.basic_parse` would.

    Attributes:
        rows: how many are complete; who iterates counts them.
        bytes_read: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = 1
        self._since = 0
        self.bytes_read = 0
        self.rows = 0

    def count_row(self) -> None:
        """Take note that a row, or a value of a column, is complete."""
        self.rows += 1
        self._since = self.bytes_read

    def __iter__(self) -> Iterator[Event]:
        """All events. Raises IntakeError."""
        found = ijson.sendable_list()
        # Exact numbers would be whole numbers of any size; but of one of more than 4,300 digits
        # ijson 3.6 leaves a null pointer in the list, and iterating ends the process.
        parser = ijson.basic_parse_coro(found, use_float=True)
        with self._path.open("rb") as file:
            if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
                file.seek(0)
            size = CHUNK_BYTES
            while chunk := file.read(size):
                self.bytes_read += len(chunk)
                error = _send(parser, chunk)
                # The parser begins a text or number that goes on in the next chunk anew.
                size = CHUNK_BYTES if found else min(2 * size, MAX_CHUNK_BYTES)
                # What came before it may be wrong in another way, which is told first.
                yield from found
                found.clear()
                if error is not None:
                    raise self._translate(error, chunk) from error
                self._check_row(chunk)
                self._lines += chunk.count(b"\n")
        error = _send(parser, b"")
        yield from found
        if error is not None:
            raise self._translate(error, b"") from error

    def _translate(self, error: Exception, chunk: bytes) -> IntakeError:
        if not isinstance(error, ijson.JSONError):
            return self._problem("half a surrogate pair", chunk)
        said = error.args[0]
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        what, _, rest = text.partition("\n")
        near = rest.partition("\n")[0].strip()
        if "overflow" in what:
            return self._too_large(near, is_whole="integer" in what)
        if "UTF8" in what:
            line = self._lines
            detail = f"the document is not utf-8 text, at or after line {line}"
            return IntakeError("wrong_encoding", detail, FileLocation(line))
        if "premature EOF" in what:
            return self._problem("the file is at its end before the document is", b"")
        return self._problem(what.removesuffix("."), chunk, near)

    def _too_large(self, near: str, *, is_whole: bool) -> IntakeError:
        row = self.rows + 1
        if is_whole:
            detail = f"row {row} holds a whole number of too many digits for 64 bits"
            hint = "write it with a decimal point, or as a text"
            place = FileLocation(row, text=cut(near), expected="a number of at most 64 bits")
            return IntakeError("number_too_large", f"{detail}: {hint}", place)
        number = re.search(r"[-+.\deE]+(?=\W*$)", near)
        return number_too_large(f"row {row}", number[0] if number else near, row)

    def _problem(self, what: str, chunk: bytes, near: str = "") -> IntakeError:
        line = self._line_of(near, chunk)
        shown = f", near {cut(near)!r}" if near else ""
        detail = f"it is not JSON, at line {line}, after {self.rows} whole rows: {what}{shown}"
        return IntakeError("not_json", detail, FileLocation(line, text=cut(near) or None))

    def _line_of(self, near: str, chunk: bytes) -> int:
        """The line of what the parser shows, which writes line ends as blanks."""
        words = [re.escape(word.encode()) for word in near.split()]
        found = re.search(rb"\s+".join(words), chunk) if words else None
        return self._lines + (chunk.count(b"\n", 0, found.end()) if found else 0)

    def _check_row(self, chunk: bytes) -> None:
        if self.bytes_read - self._since > MAX_ROW_BYTES and not chunk.isspace():
            raise row_too_long("row", self.rows + 1, chunk)


def _send(parser: Any, chunk: bytes) -> Exception | None:  # noqa: ANN401
    """Let the parser have a chunk, an empty one at the end; what is wrong with it."""
    try:
        if b"\\u" in chunk and HALF_PAIR.search(chunk):
            raise UnicodeDecodeError("utf-8", chunk, 0, 0, "half a surrogate pair")
        if chunk:
            parser.send(chunk)
        else:
            parser.close()
    except (ijson.JSONError, UnicodeDecodeError) as error:
        return error
    return None


def read_value(event: str, value: Any, number: int) -> Any:  # noqa: ANN401
    """The value of an event, a number as float64. Raises IntakeError."""
    if event != "number":
        return value
    try:
        found = float(value)
    except OverflowError:
        found = float("inf")
    if found - found != 0:
        raise number_too_large(f"row {number}", str(value), number)
    return found
