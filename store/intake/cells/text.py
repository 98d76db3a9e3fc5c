"""Text cells: trimming, missing-value markers, and parsing of numbers and booleans."""

import math
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

TRUE, FALSE = ("true",), ("false",)

# A cast of this many texts first rejects most columns of another kind cheaply.
HEAD = 16

Parse = Callable[[pa.Array], pa.Array]


class ConversionError(Exception):
    """A cell does not fit the kind of its column."""


class Cleaner:
    """Trims texts and replaces missing-value markers by null."""

    def __init__(self, missing: Sequence[str], null_markers: Sequence[str]) -> None:
        """`null_markers` are the markers already read as null unless blanks surround them."""
        self._missing = pa.array(["", *missing], pa.string())
        self._all_null = {"", *missing} <= set(null_markers)

    def clean(self, cells: pa.Array) -> pa.Array:
        """Return the trimmed strings, null where they are a missing-value marker."""
        if pa.types.is_dictionary(cells.type):
            return self.clean(cells.dictionary).take(cells.indices)
        if not pa.types.is_string(cells.type):
            cells = pc.cast(cells, pa.string())
        trimmed = pc.utf8_trim_whitespace(cells)
        if self._all_null and _count_bytes(trimmed) == _count_bytes(cells):
            return cells
        absent = pc.is_in(trimmed, value_set=self._missing)
        return pc.if_else(absent, None, trimmed) if pc.any(absent).as_py() else trimmed


def _count_bytes(texts: pa.Array) -> int:
    return pc.sum(pc.binary_length(texts)).as_py() or 0


def parse_numbers(texts: pa.Array, decimal: str) -> pa.Array:
    """Parse texts as float64, including infinity; NaN becomes null. Raises ConversionError."""
    if decimal != ".":
        if pc.any(pc.match_substring(texts, ".")).as_py():
            raise ConversionError
        texts = pc.replace_substring(texts, decimal, ".")
    return drop_nan(cast_texts(texts, pa.float64()))


def cast_texts(texts: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Cast texts to another type. Raises ConversionError."""
    try:
        # A text that cannot be cast costs pyarrow 30 times as much as one that can, and a failing
        # cast still processes all texts.
        pc.cast(texts.slice(0, HEAD), wanted)
        return pc.cast(texts, wanted)
    except pa.ArrowInvalid as error:
        raise ConversionError from error


def is_finite(numbers: pa.Array) -> bool:
    """Whether the sum is finite, so that no number is NaN or infinite; cheaper than checking each.

    The sum of finite numbers may overflow, so False is not a proof.
    """
    total = pc.sum(numbers).as_py()
    return total is None or math.isfinite(total)


def drop_nan(numbers: pa.Array) -> pa.Array:
    """Replace NaN by null."""
    return numbers if is_finite(numbers) else pc.if_else(pc.is_nan(numbers), None, numbers)


def check_finite(numbers: pa.Array) -> pa.Array:
    """Replace NaN by null. Raises ConversionError if a number is infinite."""
    if is_finite(numbers):
        return numbers
    numbers = drop_nan(numbers)
    if find_infinite(numbers) is not None:
        raise ConversionError
    return numbers


def find_infinite(numbers: pa.Array) -> int | None:
    """Return the index of the first infinite number; None if there is none."""
    index: int = pc.index(pc.is_inf(numbers), pa.scalar(True)).as_py()  # noqa: FBT003
    return None if index < 0 else index


def parse_booleans(
    texts: pa.Array, true: Sequence[str] = TRUE, false: Sequence[str] = FALSE
) -> pa.Array:
    """Parse texts in any case as booleans. Raises ConversionError."""
    lower = pc.utf8_lower(texts)
    yes = pc.is_in(lower, value_set=pa.array(true, pa.string()))
    accepted = pc.or_(yes, pc.is_in(lower, value_set=pa.array(false, pa.string())))
    if not pc.all(pc.or_(accepted, pc.is_null(texts))).as_py():
        raise ConversionError
    return pc.if_else(pc.is_null(texts), None, yes)


def fits(texts: pa.Array, parse: Parse) -> bool:
    """Whether all texts can be parsed."""
    try:
        parse(texts)
    except ConversionError:
        return False
    return True


def find_unparsable(texts: pa.Array, parse: Parse) -> str:
    """Return the first text that cannot be parsed, by bisection; at least one must exist."""
    first, last = 0, len(texts)
    while last - first > 1:
        middle = (first + last) // 2
        if fits(texts.slice(first, middle - first), parse):
            first = middle
        else:
            last = middle
    found: str = texts[first].as_py()
    return found
