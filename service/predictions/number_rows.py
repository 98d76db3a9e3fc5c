"""Fast reading of a JSON body whose rows are arrays of plain numbers."""

import re
from collections.abc import Iterable, Sized
from typing import cast

import numpy as np
import simdjson
from numpy.typing import NDArray

_BRACKET = ord("[")
_BEGIN = re.compile(rb'[ \n\r\t]*\{[ \n\r\t]*"rows"[ \n\r\t]*:[ \n\r\t]*\[(?=[ \n\r\t]*\[)')
_END = re.compile(rb"\][ \n\r\t]*\}[ \n\r\t]*\Z")
# More blanks than that after the last row are read by the general reader.
_TAIL_BYTES = 64
# Bytes per call of the parser, which keeps the interpreter lock for a quarter of a millisecond.
_PART_BYTES = 64 * 2**10
# Longer numbers, with the blanks around them, are read by the general reader.
_NUMBER_BYTES = 64


def read_number_rows(body: bytes, width: int, max_rows: int) -> NDArray[np.float64] | None:
    """Return the rows of `{"rows": [[1.5, 2, …], …]}`, shape `(rows, width)`.

    None if the body is anything else, also if it is wrong: a row of another length, a null, a text,
    a boolean, a nested array, a second key, a number beyond float64. The general reader then
    reads it again, and explains what is wrong. Numbers are rounded to the nearest float64, as
    Python's `float` rounds them.

    Args:
        body: the body.
        width: numbers per row.
        max_rows: rows at most.
    """
    begin, end = _find_rows(body)
    if begin < 0 or width < 1:
        return None
    parts: list[NDArray[np.float64]] = []
    rows = 0
    while begin < end:
        stop = _find_stop(body, begin, end)
        if stop - begin > _PART_BYTES + width * _NUMBER_BYTES:
            return None
        part = _read_part(body[begin:stop], width)
        rows += 0 if part is None else len(part)
        if part is None or rows > max_rows:
            return None
        parts.append(part)
        begin = stop + 1
    # Nothing may follow the last row, not even a comma.
    if not parts or begin != end + 1:
        return None
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _find_rows(body: bytes) -> tuple[int, int]:
    """Return where the first row begins and the last one ends; −1 if the body has another form."""
    begin, end = _BEGIN.match(body), _END.search(body, max(0, len(body) - _TAIL_BYTES))
    return (-1, -1) if begin is None or end is None else (begin.end(), end.start())


def _find_stop(body: bytes, begin: int, end: int) -> int:
    """Return the end of the part that begins there: the next comma between rows, or the end."""
    if end - begin <= _PART_BYTES:
        return end
    row = body.find(b"]", begin + _PART_BYTES, end)
    comma = body.find(b",", row, end)
    return end if row < 0 or comma < 0 else comma


def _read_part(text: bytes, width: int) -> NDArray[np.float64] | None:
    """Return the rows of `[…], […]`; None if they are not arrays of `width` plain numbers."""
    try:
        # A parser per call: it cannot be reused while its results are in use.
        rows = cast("simdjson.Array", simdjson.Parser().parse(b"[" + text + b"]"))
        # All numbers at any depth; an error if there is anything but numbers and arrays.
        numbers = np.frombuffer(rows.as_buffer(of_type="d"), np.float64)
        widths = set(map(len, cast("Iterable[Sized]", rows)))
    except (ValueError, TypeError, RuntimeError):
        # A TypeError is another value than an array of numbers; a RuntimeError is an integer beyond
        # 64 bits.
        return None
    # An array within a row has a length, too, but then there are more arrays than rows.
    if widths != {width} or _count_arrays(text) != len(rows):
        return None
    return numbers.reshape(-1, width)


def _count_arrays(text: bytes) -> int:
    """Return the number of opening brackets; several times as fast as `bytes.count`."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _BRACKET))
