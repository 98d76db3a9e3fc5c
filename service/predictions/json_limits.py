"""Limit of the arrays and objects in a JSON body, checked before it is parsed."""

import re
from collections.abc import Iterator, Sequence
from math import prod

from engine.arrays import Shape
from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.predictions import MAX_ROWS

# Beyond those of the rows. Rows and columns that are few enough to parse are counted exactly later.
_SPARE = 100_000
_PART_BYTES = 2**16
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_WHOLE_TOKENS = re.compile(rb'(?:[^"]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)


def require_few_containers(body: bytes, shapes: Sequence[Shape]) -> None:
    """Check the number of arrays and objects. Raises InvalidRowsError.

    Parsed, an empty array takes up to 30 times the memory of its two characters.

    Args:
        body: the JSON text, which may be invalid.
        shapes: shapes in which the values of a row may be nested, that with most axes first.
    """
    limit = limit_containers(shapes)
    if has_more_containers(body, limit):
        problem = FieldProblem(pointer="", code="too_long", detail=describe_limit(limit))
        raise InvalidRowsError([problem])


def limit_containers(shapes: Sequence[Shape]) -> int:
    """Return the most arrays and objects in a body, whose rows may be nested in these shapes."""
    per_row = 1
    if shapes:
        per_row = sum(prod(shapes[0][:axis]) for axis in range(len(shapes[0])))
    return _SPARE + MAX_ROWS * per_row


def has_more_containers(text: bytes, limit: int) -> bool:
    """Return whether JSON, which may be invalid, has more arrays and objects than the limit."""
    if len(text) <= limit or _count_openings(text) <= limit:
        return False
    count = 0
    for part in _iterate_without_strings(text):
        count += _count_openings(part)
        if count > limit:
            return True
    return False


def describe_limit(limit: int) -> str:
    """Return the description of a body with more arrays and objects than the limit."""
    return (
        f"the body has more than {limit} arrays and objects; a request has at most {MAX_ROWS} rows"
    )


def _count_openings(text: bytes) -> int:
    return text.count(b"[") + text.count(b"{")


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
