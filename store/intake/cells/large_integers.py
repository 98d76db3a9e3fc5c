"""Whole numbers that float64 does not represent exactly: beyond 2^53 they are identifiers."""

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

# From this magnitude on, float64 merges neighbouring whole numbers.
FIRST_MERGED = 2.0**53
# A float64 has at most 309 digits before the decimal point.
_MAX_DIGITS = 400
_INTEGER = re.compile(rf"[+-]?\d{{1,{_MAX_DIGITS}}}", re.ASCII)
# Decimals of at most 15 digits are below 2^53.
_SMALL_DIGITS = 15


def is_wide_integer(data_type: pa.DataType) -> bool:
    """Whether a type holds whole numbers only, some of them beyond 2^53."""
    if types.is_decimal(data_type):
        return bool(data_type.scale == 0 and data_type.precision > _SMALL_DIGITS)
    return bool(types.is_integer(data_type) and data_type.bit_width == 64)


def are_exact(cells: pa.Array) -> bool:
    """Whether float64 represents every whole number of typed cells exactly."""
    if not is_wide_integer(cells.type):
        return True
    ends = pc.min_max(cells).as_py()
    if ends["min"] is None or (ends["min"] > -FIRST_MERGED and ends["max"] < FIRST_MERGED):
        return True
    values = cells.drop_null()
    try:
        restored = pc.cast(pc.cast(values, pa.float64(), safe=False), cells.type)
    except pa.ArrowInvalid:
        # The nearest float64 is beyond the type.
        return False
    return bool(pc.all(pc.equal(values, restored)).as_py())


def has_inexact_text(texts: pa.Array, numbers: pa.Array) -> bool:
    """Whether a text is a whole number that float64 changes; `numbers` are the texts parsed."""
    is_large = pc.greater_equal(pc.abs(numbers), FIRST_MERGED)
    if not pc.any(is_large).as_py():
        return False
    return any(
        _INTEGER.fullmatch(text) is not None and int(text) != int(float(text))
        for text in map(str.strip, texts.filter(is_large).to_pylist())
    )


def has_fraction(numbers: pa.Array) -> bool:
    """Whether a number is not whole."""
    return bool(pc.any(pc.not_equal(pc.floor(numbers), numbers)).as_py())
