"""Reading of long JSON texts: large arrays and objects piece by piece, with limits.

The decoder of Python's `json` module keeps the interpreter lock until it has read a whole value.
Here it reads values of at most a window; a larger array or object is read child by child, so that
other threads run meanwhile, and reading stops where a limit is exceeded.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# Characters; the decoder reads as many in a millisecond or two.
WINDOW = 2**15
# Arrays and objects of more than a window within each other.
MAX_LARGE_DEPTH = 12
# Items between two calls of `JsonLimits.check`.
CHECKED_ITEMS = 256
# As `json.JSONDecoder` uses it; type stubs do not have it.
_SCAN_STRING = json.decoder.scanstring  # type: ignore[attr-defined]
_BLANKS = re.compile(r"[ \t\n\r]*")
Path = Sequence[str | int]


class TooManyChildrenError(ValueError):
    """An array or object with more items than allowed.

    Attributes:
        path: keys and indices of the array or object.
        limit: most items that are allowed there.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path = [*path]
        self.limit = limit
        super().__init__(f"more than {limit} items")


class RefusedError(ValueError):
    """A value that Python reads, but that is refused.

    Attributes:
        what: what is wrong.
        path: keys and indices of the value.
    """

    def __init__(self, what: str, path: Path) -> None:
        self.what = what
        self.path = [*path]
        super().__init__(what)


@dataclass(frozen=True)
class JsonLimits:
    """Limits of a long text.

    Attributes:
        find: returns the most children of the array or object at a path; None if there is no limit.
            Arrays and objects within a window are not looked at.
        check: called with the items of an array so far, and its path, as the array grows; it may
            raise an exception to stop reading.
    """

    find: Callable[[Path], int | None] = lambda _: None
    check: Callable[[Path, list[Any]], None] = lambda _path, _items: None


NO_LIMITS = JsonLimits()


class LongReader:
    """Reads one text.

    Args:
        text: the JSON text.
        decoder: reads values; it raises `refused` for a value that is refused.
        refused: an exception that the decoder raises.
        limits: limits of the text.
    """

    def __init__(
        self,
        text: str,
        decoder: json.JSONDecoder,
        refused: type[Exception],
        limits: JsonLimits = NO_LIMITS,
    ) -> None:
        self._text = text
        self._decoder = decoder
        self._refused = refused
        self._limits = limits
        self._path: list[str | int] = []
        self._depth = 0
        self._window, self._begin = "", 0

    def read(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the value.

        Raises JSONDecodeError, RecursionError, TooManyChildrenError, RefusedError, and a ValueError
        for a number with too many digits.
        """
        value, end = self._read_value(self._skip(0))
        end = self._skip(end)
        if end < len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, end)
        return value

    def _skip(self, at: int) -> int:
        """Return the position of the next character that is not blank."""
        if self._text[at : at + 1] > " ":
            return at
        found = _BLANKS.match(self._text, at)
        return at if found is None else found.end()

    def _read_value(self, at: int) -> tuple[Any, int]:
        """Return the value that begins there, and its end."""
        found = self._decode(at)
        if found is not None:
            return found
        match self._text[at : at + 1]:
            case "[":
                return self._descend(self._read_array, at)
            case "{":
                return self._descend(self._read_object, at)
            case _:
                return self._decode_scalar(at)

    def _decode(self, at: int) -> tuple[Any, int] | None:
        """Return a value that lies within the window, and its end; otherwise None."""
        offset = at - self._begin
        if not 0 <= offset < len(self._window):
            offset = self._move_window(at)
        found = self._decode_in_window(offset)
        if found is None and offset > 0:
            # It may be cut off.
            found = self._decode_in_window(self._move_window(at))
        return found

    def _move_window(self, at: int) -> int:
        self._window, self._begin = self._text[at : at + WINDOW], at
        return 0

    def _decode_in_window(self, offset: int) -> tuple[Any, int] | None:
        try:
            value, end = self._decoder.raw_decode(self._window, offset)
        except (json.JSONDecodeError, self._refused):
            return None
        # A number may go on after the window, whose end may be that of `1.` or `1e-`.
        is_cut = end >= len(self._window) - 2 and self._begin + end < len(self._text)
        return None if is_cut else (value, self._begin + end)

    def _decode_scalar(self, at: int) -> tuple[Any, int]:
        try:
            return self._decoder.raw_decode(self._text, at)
        except self._refused as error:
            raise RefusedError(str(error), self._path) from error

    def _descend(self, read: Callable[[int], tuple[Any, int]], at: int) -> tuple[Any, int]:
        if self._depth == MAX_LARGE_DEPTH:
            raise RecursionError
        self._depth += 1
        found = read(at)
        self._depth -= 1
        return found

    def _read_array(self, at: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        limit = self._limits.find(self._path)
        checked = 0
        pieces = _Pieces(self._text, "[]")
        at = self._skip(at + 1)
        if self._text[at : at + 1] == "]":
            return items, at + 1
        while True:
            piece = pieces.find(at)
            decoded = None if piece is None else self._decode_piece(piece)
            if piece is not None and decoded is not None:
                items += decoded
                at = pieces.accept()
            else:
                self._path.append(len(items))
                value, at = self._read_value(at)
                self._path.pop()
                items.append(value)
                at = self._skip(at)
            if limit is not None and len(items) > limit:
                raise TooManyChildrenError(self._path, limit)
            if len(items) >= checked + CHECKED_ITEMS:
                self._limits.check(self._path, items)
                checked = len(items)
            if self._text[at : at + 1] == "]":
                return items, at + 1
            at = self._expect(at, ",", "Expecting ',' delimiter")

    def _read_object(self, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        limit = self._limits.find(self._path)
        pieces = _Pieces(self._text, "{}")
        at = self._skip(at + 1)
        if self._text[at : at + 1] == "}":
            return found, at + 1
        while True:
            piece = pieces.find(at)
            decoded = None if piece is None else self._decode_piece(piece)
            if piece is not None and decoded is not None and found.keys().isdisjoint(decoded):
                found |= decoded
                at = pieces.accept()
            else:
                key, value, at = self._read_member(at)
                if key in found:
                    raise RefusedError(f"the key {key[:80]!r} is repeated", self._path)
                found[key] = value
                at = self._skip(at)
            if limit is not None and len(found) > limit:
                raise TooManyChildrenError(self._path, limit)
            if self._text[at : at + 1] == "}":
                return found, at + 1
            at = self._expect(at, ",", "Expecting ',' delimiter")

    def _read_member(self, at: int) -> tuple[str, Any, int]:
        if self._text[at : at + 1] != '"':
            message = "Expecting property name enclosed in double quotes"
            raise json.JSONDecodeError(message, self._text, at)
        key, at = _SCAN_STRING(self._text, at + 1)
        at = self._expect(self._skip(at), ":", "Expecting ':' delimiter")
        self._path.append(key)
        value, at = self._read_value(at)
        self._path.pop()
        return key, value, at

    def _expect(self, at: int, sign: str, message: str) -> int:
        """Return the position of the next value after a sign. Raises JSONDecodeError."""
        if self._text[at : at + 1] != sign:
            raise json.JSONDecodeError(message, self._text, at)
        return self._skip(at + 1)

    def _decode_piece(self, piece: str) -> Any:  # noqa: ANN401 - a list or dict
        try:
            return self._decoder.decode(piece)
        except (json.JSONDecodeError, self._refused):
            return None


class _Pieces:
    """Runs of children of one array or object, which the decoder reads at once.

    A run ends before the last comma of a window. If that comma belongs to a child, the run cannot
    be decoded, and the children of the window are read one by one.
    """

    def __init__(self, text: str, brackets: str) -> None:
        self._text = text
        self._opening, self._closing = brackets[0], brackets[1]
        self._stop = 0

    def find(self, at: int) -> str | None:
        """Return the children from a position on as an array or object; None if it is refused."""
        if at < self._stop:
            return None
        self._stop = self._find_stop(at)
        if self._stop <= at:
            return None
        return f"{self._opening}{self._text[at : self._stop]}{self._closing}"

    def accept(self) -> int:
        """Return the position of the comma after the run."""
        return self._stop

    def _find_stop(self, at: int) -> int:
        """Return the position of the last comma between children, or a guess of it; −1 without."""
        closing = {"[": "]", "{": "}"}.get(self._text[at : at + 1])
        if closing is not None:
            found = self._text.rfind(f"{closing},", at, at + WINDOW)
            if found >= 0:
                return found + 1
        return self._text.rfind(",", at, at + WINDOW)
