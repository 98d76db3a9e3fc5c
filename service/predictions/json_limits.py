"""Limit of the arrays and objects in a JSON body, checked before it is parsed."""

import re
from collections.abc import Iterator
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


def require_few_containers(body: bytes, shape: Shape | None) -> None:
    """Check the number of arrays and objects. Raises InvalidRowsError.

    Parsed, an empty array takes up to 30 times the memory of its two characters.

    Args:
        body: the JSON text, which may be invalid.
        shape: shape in which the values of a row may be nested.
    """
    per_row = 1 if shape is None else sum(prod(shape[:axis]) for axis in range(len(shape)))
    limit = _SPARE + MAX_ROWS * per_row
    if _count_openings(body) <= limit:
        return
    count = 0
    for text in _iterate_without_strings(body):
        count += _count_openings(text)
        if count > limit:
            detail = (
                f"the body has more than {limit} arrays and objects; a request has at most "
                f"{MAX_ROWS} rows"
            )
            raise InvalidRowsError([FieldProblem(pointer="", code="too_long", detail=detail)])


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
