"""Counts over the text of JSON, which may be invalid, before anything is made of it."""

import re
from collections.abc import Iterator

_PART_BYTES = 2**16
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_WHOLE_TOKENS = re.compile(rb'(?:[^"]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
_OPENINGS = (b"[", b"{")
# A value follows each of these; one more is the document itself.
_VALUES = (b",", *_OPENINGS)


def count_values(text: bytes, limit: int) -> int:
    """Return the number of commas and opening brackets outside of strings.

    It is at most that number of values, of which an empty array counts twice; counting stops beyond
    the limit.
    """
    return _count(text, _VALUES, limit)


def count_containers(text: bytes, limit: int) -> int:
    """Return the number of arrays and objects; counting stops beyond the limit."""
    return _count(text, _OPENINGS, limit)


def _count(text: bytes, signs: tuple[bytes, ...], limit: int) -> int:
    if len(text) <= limit:
        return 0
    # Those in strings included: most texts have few enough.
    total = sum(map(text.count, signs))
    if total <= limit:
        return total
    count = 0
    for part in _iterate_without_strings(text):
        count += sum(map(part.count, signs))
        if count > limit:
            break
    return count


def _iterate_without_strings(body: bytes) -> Iterator[bytes]:
    """Yield parts of the body without its strings, up to a string without an end."""
    begin = 0
    while begin < len(body):
        tokens = _WHOLE_TOKENS.match(body, begin, begin + _PART_BYTES)
        end = begin if tokens is None else tokens.end()
        if end == begin:
            # A string that is longer than a part.
            string = _STRING.match(body, begin)
            if string is None:
                return
            end = string.end()
        yield _STRING.sub(b"", body[begin:end])
        begin = end
