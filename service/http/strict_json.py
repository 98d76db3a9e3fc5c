"""Strict JSON (RFC 8259): parsing, with errors that state what is wrong and where."""

import codecs
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from engine.json_pointer import json_pointer
from service.http.json_reader import (
    NO_LIMITS,
    WINDOW,
    JsonLimits,
    LongReader,
    RefusedError,
    TooManyChildrenError,
)

# Characters; longer texts are read piece by piece.
LONG_TEXT = 2 * WINDOW
_SHOWN = 20
_MAX_POINTER = 300


class InvalidJsonError(ValueError):
    """Bytes that are not JSON; the text states what is wrong and where.

    Attributes:
        what: the text without the path.
        path: keys and indices of the value that is refused; empty if the bytes cannot be parsed.
    """

    def __init__(self, what: str, path: Sequence[str | int] = ()) -> None:
        self.what = what
        self.path = path
        place = f" (at {json_pointer(*path)[:_MAX_POINTER]})" if path else ""
        super().__init__(f"{what}{place}")


def parse_json(content: bytes, limits: JsonLimits = NO_LIMITS) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON in UTF-8, whose byte order mark is skipped.

    Refused as well are NaN and Infinity, which Python reads; repeated keys; excessive nesting; and
    integers of thousands of digits, whose conversion would take quadratic time. Other threads run
    while a long text is parsed.

    Raises InvalidJsonError; of a long text also TooManyChildrenError, and as `limits.check`.
    """
    text = _decode(content)
    if len(text) > LONG_TEXT:
        return _parse_long(text, limits)
    try:
        return _parse(_STRICT.decode, text)
    except _RefusedError as error:
        raise _describe_refused(_parse(_MARKING.decode, text)) from error


def _parse_long(text: str, limits: JsonLimits) -> Any:  # noqa: ANN401 - any JSON
    reader = LongReader(text, _STRICT, _RefusedError, limits)
    try:
        return _parse(lambda _: reader.read(), text)
    except RefusedError as error:
        raise InvalidJsonError(error.what, error.path) from error


def _decode(content: bytes) -> str:
    content = content.removeprefix(codecs.BOM_UTF8)
    encoding = json.detect_encoding(content)
    if encoding != "utf-8":
        raise InvalidJsonError(f"the text is {encoding.upper()}, but JSON is UTF-8")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        byte = f"byte {content[error.start]:#04x}"
        place = _describe_line(before, len(before))
        raise InvalidJsonError(f"the text is not UTF-8: {place}, at {byte}") from error


def _parse(decode: Callable[[str], Any], text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the value. Raises InvalidJsonError, and what the decoder raises to refuse a value."""
    try:
        return decode(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise InvalidJsonError("the text is empty") from error
        what = _find_trailing_comma(text, error.pos) or error.msg.removesuffix(" at")
        raise InvalidJsonError(f"{what}: {_describe_place(text, error.pos)}") from error
    except RecursionError as error:
        raise InvalidJsonError("nested too deeply") from error
    except (RefusedError, TooManyChildrenError):
        raise
    except ValueError as error:
        raise InvalidJsonError("a number has too many digits") from error


def _find_trailing_comma(text: str, position: int) -> str | None:
    """Return the description of a comma after the last value that ends there; None without one."""
    bracket = text[position : position + 1]
    before = text[max(0, position - _SHOWN) : position].rstrip()
    if bracket not in {"]", "}"} or not before.endswith(","):
        return None
    return f"a comma before {bracket!r}"


def _describe_place(text: str, position: int) -> str:
    """Return line, column and what is found there."""
    found = text[position : position + _SHOWN]
    return f"{_describe_line(text, position)}, at {repr(found) if found else 'the end'}"


def _describe_line(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"line {line}, column {position - text.rfind(chr(10), 0, position)}"


class _RefusedError(Exception):
    """A value that Python reads, but that is refused."""


@dataclass(frozen=True)
class _Refused:
    """Stands for a value that Python reads, but that is refused."""

    what: str


_NO_SCALARS = frozenset((list, dict, _Refused))


def _describe_refused(document: object) -> InvalidJsonError:
    path, refused = _find_refused(document)
    return InvalidJsonError(refused.what, path)


def _find_refused(document: object) -> tuple[list[str | int], _Refused]:
    """Return path and description of the first value that is refused, of one at least."""
    path: list[str | int] = []
    # The document as the only value of a key, which is not part of the path.
    parents: list[Iterator[tuple[str | int, Any]]] = [iter([("", document)])]
    while parents:
        for key, value in parents[-1]:
            if isinstance(value, _Refused):
                return [*path, key][1:], value
            if isinstance(value, list | dict) and _may_have_refused(value):
                path.append(key)
                parents.append(_iterate(value))
                break
        else:
            parents.pop()
            del path[len(parents) - 1 :]
    raise TypeError("no value is refused")


def _may_have_refused(value: list[Any] | dict[str, Any]) -> bool:
    """Whether not all children are scalars; as fast as reading them."""
    children = value.values() if isinstance(value, dict) else value
    return not _NO_SCALARS.isdisjoint(map(type, children))


def _iterate(value: list[Any] | dict[str, Any]) -> Iterator[tuple[str | int, Any]]:
    return iter(value.items()) if isinstance(value, dict) else enumerate(value)


def _mark_constant(name: str) -> _Refused:
    return _Refused(_describe_constant(name))


def _describe_constant(name: str) -> str:
    return f"{name} is not JSON: send null for a missing value"


def _mark_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Refused:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(key for key, _ in pairs)
    repeated = next(key for key, count in counts.items() if count > 1)
    return _Refused(f"the key {repeated[:80]!r} is repeated")


def _reject_constant(name: str) -> NoReturn:
    raise _RefusedError(_describe_constant(name))


def _reject_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RefusedError
    return found


_STRICT = json.JSONDecoder(object_pairs_hook=_reject_repeated_keys, parse_constant=_reject_constant)
# Reads a whole document again to find where a refused value is.
_MARKING = json.JSONDecoder(object_pairs_hook=_mark_repeated_keys, parse_constant=_mark_constant)
