"""Parser events of a JSON document, read chunk by chunk, with errors located by line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ijson  # type: ignore[import-untyped]

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import MAX_ROW_BYTES
from store.intake.cells.arrow_types import cut
from store.intake.json.columns import is_large
from store.intake.json.rows import number_too_large, row_too_long

CHUNK_BYTES = 2**16
MAX_CHUNK_BYTES = 2**19
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SCALARS = frozenset({"null", "boolean", "number", "string"})
# A high surrogate without a low one: ijson would replace it by a question mark.
UNPAIRED_SURROGATE = re.compile(
    rb"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}(?:[^\\]|\\(?:[^u]|u(?:[^dD]|.[^c-fC-F])))"
)
Event = tuple[str, Any]


class Events:
    """Iterator over the events of a document, as of `ijson.basic_parse`.

    Attributes:
        rows: number of complete rows, counted by the caller with `count_row`.
        bytes_read: bytes of the file read so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = 1
        self._row_start = 0
        self.bytes_read = 0
        self.rows = 0

    def count_row(self) -> None:
        """Count a complete row, or a complete value of a column."""
        self.rows += 1
        self._row_start = self.bytes_read

    def __iter__(self) -> Iterator[Event]:
        """Yield all events. Raises IntakeError."""
        found = ijson.sendable_list()
        # Without use_float integers would be exact; but for one of more than 4,300 digits ijson 3.6
        # leaves a null pointer in the list, and iterating over it crashes the process.
        parser = ijson.basic_parse_coro(found, use_float=True)
        with self._path.open("rb") as file:
            if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
                file.seek(0)
            size = CHUNK_BYTES
            while chunk := file.read(size):
                self.bytes_read += len(chunk)
                error = _send(parser, chunk)
                # The parser rescans a text or number that continues in the next chunk.
                size = CHUNK_BYTES if found else min(2 * size, MAX_CHUNK_BYTES)
                # Preceding events may hold another error, which must be reported first.
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
            return self._problem("unpaired surrogate", chunk)
        message = error.args[0]
        text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
        what, _, rest = text.partition("\n")
        near = rest.partition("\n")[0].strip()
        if "overflow" in what:
            return self._too_large(near, is_whole="integer" in what)
        if "UTF8" in what:
            line = self._lines
            detail = f"the document is not utf-8 text, at or after line {line}"
            return IntakeError("wrong_encoding", detail, FileLocation(line))
        if "premature EOF" in what:
            return self._problem("the file ends before the document does", b"")
        return self._problem(what.removesuffix("."), chunk, near)

    def _too_large(self, near: str, *, is_whole: bool) -> IntakeError:
        row = self.rows + 1
        if is_whole:
            detail = f"row {row} holds an integer with too many digits for 64 bits"
            hint = "write it with a decimal point, or as a text"
            place = FileLocation(row, text=cut(near), expected="a number of at most 64 bits")
            return IntakeError("number_too_large", f"{detail}: {hint}", place)
        number = re.search(r"[-+.\deE]+(?=\W*$)", near)
        return number_too_large(f"row {row}", number[0] if number else near, row)

    def _problem(self, what: str, chunk: bytes, near: str = "") -> IntakeError:
        line = self._line_of(near, chunk)
        shown = f", near {cut(near)!r}" if near else ""
        detail = f"it is not JSON, at line {line}, after {self.rows} complete rows: {what}{shown}"
        return IntakeError("not_json", detail, FileLocation(line, text=cut(near) or None))

    def _line_of(self, near: str, chunk: bytes) -> int:
        """Return the line of the parser's excerpt, in which line ends are replaced by blanks."""
        words = [re.escape(word.encode()) for word in near.split()]
        found = re.search(rb"\s+".join(words), chunk) if words else None
        return self._lines + (chunk.count(b"\n", 0, found.end()) if found else 0)

    def _check_row(self, chunk: bytes) -> None:
        if self.bytes_read - self._row_start > MAX_ROW_BYTES and not chunk.isspace():
            raise row_too_long("row", self.rows + 1, chunk)


def _send(parser: Any, chunk: bytes) -> Exception | None:  # noqa: ANN401
    """Send a chunk to the parser, an empty one at the end; return its error, if any."""
    try:
        if b"\\u" in chunk and UNPAIRED_SURROGATE.search(chunk):
            raise UnicodeDecodeError("utf-8", chunk, 0, 0, "unpaired surrogate")
        if chunk:
            parser.send(chunk)
        else:
            parser.close()
    except (ijson.JSONError, UnicodeDecodeError) as error:
        return error
    return None


def read_value(event: str, value: Any, number: int) -> Any:  # noqa: ANN401
    """Return the value of an event: a number as float, beyond 2^53 a whole one as int.

    Raises IntakeError.
    """
    if event != "number":
        return value
    if type(value) is int and is_large(value):
        return value
    try:
        found = float(value)
    except OverflowError:
        found = float("inf")
    if found - found != 0:
        raise number_too_large(f"row {number}", str(value), number)
    return found
