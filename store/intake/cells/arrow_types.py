"""Columns of typed formats: supported Arrow types and the conversion of their cells."""

from collections.abc import Mapping, Sequence
from typing import assert_never

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from store.errors import FileLocation, IntakeError
from store.intake.budget import Allowance, exceeded
from store.intake.cells.large_integers import is_wide_integer
from store.intake.cells.text import drop_nan
from store.intake.cells.text_views import take_views
from store.intake.options import Limits
from store.intake.source import Reading, WrongReadingError

SHOWN_TEXT = 80
EXPECTED = "each cell must be a number, a boolean, a time or a text"

# Types whose cells need no conversion; sets of ids are fast to check for every column and batch.
FLOATS = frozenset(t.id for t in (pa.float32(), pa.float64()))
AS_IS = frozenset(
    t.id
    for t in (
        *(pa.bool_(), pa.string()),
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    )
)
PLAIN = FLOATS | AS_IS


def cut(text: str) -> str:
    """Truncate a text for use in a message."""
    return text if len(text) <= SHOWN_TEXT else text[:SHOWN_TEXT] + "…"


def check_row_count(rows: int, columns: int, limits: Limits) -> None:
    """Raise IntakeLimitError if there are too many rows, or too many cells in them."""
    if limits.max_rows is not None and rows > limits.max_rows:
        most = Allowance(limits.max_rows, None)
        raise exceeded("the file has at least", rows, most, "rows", "too_many_rows")
    allowed, cells = limits.allow("max_cells"), rows * columns
    if cells > allowed.limit:
        what = f"{rows} rows of {columns} columns have"
        raise exceeded(what, cells, allowed, "cells", "too_many_rows")


def delivered_type(name: str, data_type: pa.DataType) -> pa.DataType | None:
    """Return the Arrow type to which cells of a type are converted; None for text.

    Numbers keep their type where Arrow can compute with it, dates become timestamps, times of day
    and durations become seconds. Raises IntakeError for nested and other unsupported types.
    """
    if isinstance(data_type, pa.BaseExtensionType):
        return delivered_type(name, data_type.storage_type)
    if types.is_dictionary(data_type):
        return delivered_type(name, data_type.value_type)
    if is_text(data_type) or types.is_null(data_type):
        return None
    if types.is_nested(data_type):
        detail = f"column {cut(name)!r} has the nested type {cut(str(data_type))}: {EXPECTED}"
        raise IntakeError("nested_value", detail, FileLocation(column=cut(name), expected=EXPECTED))
    found = _delivered_value(data_type)
    if found is None:
        raise unsupported_type(name, str(data_type))
    return found


def _delivered_value(data_type: pa.DataType) -> pa.DataType | None:
    if types.is_date(data_type):
        return pa.timestamp("s" if types.is_date32(data_type) else "ms")
    if types.is_float16(data_type):
        return pa.float32()
    if is_wide_integer(data_type):
        return data_type
    if types.is_decimal(data_type) or is_seconds(data_type):
        return pa.float64()
    if types.is_boolean(data_type) or types.is_integer(data_type) or types.is_timestamp(data_type):
        return data_type
    return data_type if types.is_floating(data_type) else None


def is_seconds(data_type: pa.DataType) -> bool:
    """Whether cells of a type are converted to seconds."""
    return bool(types.is_time(data_type) or types.is_duration(data_type))


def unsupported_type(name: str, type_name: str, code: str = "unsupported_type") -> IntakeError:
    """Return the error for a column whose cells are not numbers, booleans, times or texts."""
    detail = f"column {cut(name)!r} has the type {cut(type_name)}: {EXPECTED}"
    return IntakeError(code, detail, FileLocation(column=cut(name), expected=EXPECTED))


def convert_batch(
    arrays: Sequence[pa.Array],
    readings: Mapping[int, Reading],
    missing: Sequence[str] = (),
    decimal: str = ".",
) -> pa.RecordBatch:
    """Convert cells to the readings of their columns, whose indices become the names.

    Raises WrongReadingError for texts that are not numbers.
    """
    converted = []
    for array, (index, reading) in zip(arrays, readings.items(), strict=True):
        plain = _plain(array)
        match reading:
            case "typed":
                converted.append(as_typed(plain))
            case "text":
                converted.append(as_text(plain))
            case "number":
                try:
                    converted.append(_as_number(plain, missing, decimal))
                except pa.ArrowInvalid as error:
                    raise WrongReadingError(index) from error
            case _:
                assert_never(reading)
    return pa.RecordBatch.from_arrays(converted, names=[*map(str, readings)])


def as_typed(array: pa.Array) -> pa.Array:
    """Convert cells to the type of `delivered_type`; NaN becomes null."""
    if array.type.id in FLOATS:
        return drop_nan(array)
    array = _plain(array)
    data_type = array.type
    if data_type.id in AS_IS:
        return array
    if types.is_dictionary(data_type) or types.is_string(data_type):
        return array
    if is_seconds(data_type):
        return _seconds(array)
    wanted = delivered_type("", data_type) or pa.string()
    if wanted != data_type:
        array = pc.cast(array, wanted, safe=False)
    return drop_nan(array) if types.is_floating(wanted) else array


def as_text(array: pa.Array) -> pa.Array:
    """Convert cells to text, numbers in their shortest exact representation."""
    array = _plain(array)
    data_type = array.type
    if types.is_dictionary(data_type) or types.is_string(data_type):
        return array
    if types.is_floating(data_type):
        array = as_typed(array)
    if types.is_timestamp(data_type) and data_type.tz is not None:
        # Casting a timestamp in UTC needs no time zone database.
        array = pc.cast(array, pa.timestamp(data_type.unit, "UTC"))
    return pc.cast(_seconds(array) if is_seconds(data_type) else array, pa.string())


def _as_number(array: pa.Array, missing: Sequence[str], decimal: str) -> pa.Array:
    if types.is_dictionary(array.type):
        numbers = _as_number(array.dictionary, missing, decimal)
        return numbers.take(array.indices)
    if types.is_string(array.type):
        return drop_nan(_parse_numbers(array, missing, decimal))
    typed = as_typed(array)
    if types.is_timestamp(typed.type):
        return _seconds(typed)
    return pc.cast(typed, pa.float64(), safe=False)


def _parse_numbers(array: pa.Array, missing: Sequence[str], decimal: str) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(array)
    absent = pc.is_in(trimmed, value_set=pa.array(["", *missing], pa.string()))
    if decimal != ".":
        trimmed = pc.replace_substring(trimmed, decimal, ".")
    return pc.cast(pc.if_else(absent, None, trimmed), pa.float64())


def _plain(array: pa.Array) -> pa.Array:
    """Return the cells without extension types; other text layouts become string."""
    if array.type.id in PLAIN:
        return array
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    data_type = array.type
    if types.is_dictionary(data_type):
        if not is_text(data_type.value_type):
            return _plain(array.dictionary_decode())
        return _plain_dictionary(array)
    if types.is_null(data_type) or (is_text(data_type) and not types.is_string(data_type)):
        return pc.cast(array, pa.string())
    return array


def _plain_dictionary(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Convert a dictionary to strings."""
    array = drop_unused(array)
    values, indices = array.dictionary, array.indices
    if not types.is_string(values.type):
        values = pc.cast(values, pa.string())
    if values.null_count:
        indices = pc.if_else(pc.is_null(values).take(indices), None, indices)
        # No index refers to it any more; a null entry would be a second representation of null.
        values = pc.fill_null(values, "")
    return pa.DictionaryArray.from_arrays(pc.cast(indices, pa.int32()), values)


def drop_unused(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """Drop unused entries of a valid array whose dictionary may be larger than the cells."""
    values, indices = array.dictionary, array.indices
    # Many views may refer to the same long text.
    if len(values) <= len(indices) and not types.is_string_view(values.type):
        return array
    used = pc.drop_null(indices.unique())
    kept = take_views(values, used) if types.is_string_view(values.type) else values.take(used)
    return pa.DictionaryArray.from_arrays(pc.index_in(indices, value_set=used), kept)


def _seconds(array: pa.Array) -> pa.Array:
    data_type = array.type
    unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[data_type.unit]
    whole = pa.int32() if types.is_time32(data_type) else pa.int64()
    return pc.divide(pc.cast(pc.cast(array, whole), pa.float64(), safe=False), unit)


def is_text(data_type: pa.DataType) -> bool:
    """Whether a type is text of any layout."""
    return bool(
        types.is_string(data_type)
        or types.is_large_string(data_type)
        or types.is_string_view(data_type)
    )
