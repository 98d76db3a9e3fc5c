"""Cells that are texts: rid of blanks and markers of missing values, and parsed."""

import math
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

# What pyarrow.csv takes for a missing value.
USUAL_MISSING = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "N/A",
    "NA", "NULL", "NaN", "n/a", "nan", "null",
)  # fmt: skip
# What stands for one as well, where a column is otherwise all numbers or times.
POSSIBLE_MISSING = (
    "?", "-", "--", "---", ".", "..", "*", "n.a.", "N.A.", "na", "Na", "n/d", "N/D", "none", "None",
    "NONE", "nil", "Null", "missing", "Missing", "MISSING", "unknown", "Unknown", "UNKNOWN", "\\N",
    "<NA>", "(null)", "NaT", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NULL!", "#NAME?",
)  # fmt: skip

TRUE, FALSE = ("true",), ("false",)

# So many texts tell whether all may be of a kind.
HEAD = 16

Parse = Callable[[pa.Array], pa.Array]


class ConversionError(Exception):
    """Some cell is not of the kind that its column was taken for."""


class Cleaner:
    """Takes blanks and markers of missing values from texts."""

    def __init__(self, missing: Sequence[str], known: Sequence[str]) -> None:
        """`known` are markers that are null already, unless blanks are around them."""
        self._missing = pa.array(["", *missing], pa.string())
        self._all_known = {"", *missing} <= set(known)

    def clean(self, cells: pa.Array) -> pa.Array:
        """Strings without blanks around them, null where they stand for a missing value."""
        if pa.types.is_dictionary(cells.type):
            return self.clean(cells.dictionary).take(cells.indices)
        if not pa.types.is_string(cells.type):
            cells = pc.cast(cells, pa.string())
        trimmed = pc.utf8_trim_whitespace(cells)
        if self._all_known and _count_bytes(trimmed) == _count_bytes(cells):
            return cells
        absent = pc.is_in(trimmed, value_set=self._missing)
        return pc.if_else(absent, None, trimmed) if pc.any(absent).as_py() else trimmed


def _count_bytes(texts: pa.Array) -> int:
    return pc.sum(pc.binary_length(texts)).as_py() or 0


def parse_numbers(texts: pa.Array, decimal: str) -> pa.Array:
    """Texts as float64, infinite ones included; null where they say NaN. Raises ConversionError."""
    if decimal != ".":
        if pc.any(pc.match_substring(texts, ".")).as_py():
            raise ConversionError
        texts = pc.replace_substring(texts, decimal, ".")
    return drop_nan(cast_texts(texts, pa.float64()))


def cast_texts(texts: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Texts in another type. Raises ConversionError."""
    try:
        # A text that cannot be cast costs pyarrow thirty times as much as one that can, and it
        # goes on to the last one.
        pc.cast(texts.slice(0, HEAD), wanted)
        return pc.cast(texts, wanted)
    except pa.ArrowInvalid as error:
        raise ConversionError from error


def is_finite(numbers: pa.Array) -> bool:
    """Whether certainly none is NaN or infinite; a sum tells, far cheaper than a look at each."""
    total = pc.sum(numbers).as_py()
    return total is None or math.isfinite(total)


def drop_nan(numbers: pa.Array) -> pa.Array:
    """Null where a number is NaN."""
    return numbers if is_finite(numbers) else pc.if_else(pc.is_nan(numbers), None, numbers)


def check_finite(numbers: pa.Array) -> pa.Array:
    """The same numbers without NaN. Raises ConversionError if one is infinite."""
    if is_finite(numbers):
        return numbers
    numbers = drop_nan(numbers)
    if find_infinite(numbers) is not None:
        raise ConversionError
    return numbers


def find_infinite(numbers: pa.Array) -> int | None:
    """Where the first infinite number is."""
    index: int = pc.index(pc.is_inf(numbers), pa.scalar(True)).as_py()  # noqa: FBT003
    return None if index < 0 else index


def parse_booleans(
    texts: pa.Array, true: Sequence[str] = TRUE, false: Sequence[str] = FALSE
) -> pa.Array:
    """Texts in any case as booleans. Raises ConversionError."""
    lower = pc.utf8_lower(texts)
    yes = pc.is_in(lower, value_set=pa.array(true, pa.string()))
    known = pc.or_(yes, pc.is_in(lower, value_set=pa.array(false, pa.string())))
    if not pc.all(pc.or_(known, pc.is_null(texts))).as_py():
        raise ConversionError
    return pc.if_else(pc.is_null(texts), None, yes)


def fits(texts: pa.Array, parse: Parse) -> bool:
    """Whether all texts can be parsed."""
    try:
        parse(texts)
    except ConversionError:
        return False
    return True


def find_misfit(texts: pa.Array, parse: Parse) -> str:
    """The first text that cannot be parsed, of texts of which some cannot."""
    first, last = 0, len(texts)
    while last - first > 1:
        middle = (first + last) // 2
        if fits(texts.slice(first, middle - first), parse):
            first = middle
        else:
            last = middle
    found: str = texts[first].as_py()
    return found
