"""Columns of formats that know types: which types are taken, and their cells as they are wanted."""

from collections.abc import Sequence
from typing import assert_never

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from store.errors import FileLocation, IntakeError
from store.intake.cells.text import drop_nan
from store.intake.source import Reading, WrongReadingError

SHOWN_TEXT = 80
EXPECTED = "each cell must be a number, a truth value, a time or a text"

# Types whose cells are delivered as they are; asked of every column of every batch.
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
    """The beginning of a text, short enough for a message."""
    return text if len(text) <= SHOWN_TEXT else text[:SHOWN_TEXT] + "…"


def check_cell_count(rows: int, columns: int, max_cells: int) -> None:
    """Raise IntakeError if rows times columns are more than can be stored."""
    if rows * columns > max_cells:
        detail = f"{rows} rows of {columns} columns are more than {max_cells} cells"
        raise IntakeError("too_many_rows", detail)


def delivered_type(name: str, given: pa.DataType) -> pa.DataType | None:
    """The Arrow type as which cells of a type are delivered; None for texts.

    Numbers keep their type where Arrow can compute with it, all times are timestamps, times of
    day and durations are seconds. Raises IntakeError for types that are not a value a cell.
    """
    if isinstance(given, pa.BaseExtensionType):
        return delivered_type(name, given.storage_type)
    if types.is_dictionary(given):
        return delivered_type(name, given.value_type)
    if is_text(given) or types.is_null(given):
        return None
    if types.is_nested(given):
        detail = f"column {cut(name)!r} is of the nested type {cut(str(given))}: {EXPECTED}"
        raise IntakeError("nested_value", detail, FileLocation(column=cut(name), expected=EXPECTED))
    found = _delivered_value(given)
    if found is None:
        raise unsupported_type(name, str(given))
    return found


def _delivered_value(given: pa.DataType) -> pa.DataType | None:
    if types.is_date(given):
        return pa.timestamp("s" if types.is_date32(given) else "ms")
    if types.is_float16(given):
        return pa.float32()
    if types.is_decimal(given) or is_seconds(given):
        return pa.float64()
    if types.is_boolean(given) or types.is_integer(given) or types.is_timestamp(given):
        return given
    return given if types.is_floating(given) else None


def is_seconds(given: pa.DataType) -> bool:
    """Whether cells of a type are delivered as seconds."""
    return bool(types.is_time(given) or types.is_duration(given))


def unsupported_type(name: str, given: str, code: str = "unsupported_type") -> IntakeError:
    """A column whose cells are not numbers, truth values, times or texts."""
    detail = f"column {cut(name)!r} is of type {cut(given)}: {EXPECTED}"
    return IntakeError(code, detail, FileLocation(column=cut(name), expected=EXPECTED))


def convert_batch(
    arrays: Sequence[pa.Array],
    readings: Sequence[Reading],
    missing: Sequence[str] = (),
    decimal: str = ".",
) -> pa.RecordBatch:
    """Cells as they are wanted. Raises WrongReadingError for texts that are not numbers."""
    converted = []
    for index, (array, reading) in enumerate(zip(arrays, readings, strict=True)):
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
    return pa.RecordBatch.from_arrays(converted, names=[str(i) for i in range(len(converted))])


def as_typed(array: pa.Array) -> pa.Array:
    """Cells in their delivered type; not a number is missing."""
    if array.type.id in FLOATS:
        return drop_nan(array)
    array = _plain(array)
    given = array.type
    if given.id in AS_IS:
        return array
    if types.is_dictionary(given) or types.is_string(given):
        return array
    if is_seconds(given):
        return _seconds(array)
    wanted = delivered_type("", given) or pa.string()
    if wanted != given:
        array = pc.cast(array, wanted, safe=False)
    return drop_nan(array) if types.is_floating(wanted) else array


def as_text(array: pa.Array) -> pa.Array:
    """Cells as texts, numbers in as few digits as say which they are."""
    array = _plain(array)
    given = array.type
    if types.is_dictionary(given) or types.is_string(given):
        return array
    if types.is_floating(given):
        array = as_typed(array)
    if types.is_timestamp(given) and given.tz is not None:
        # In UTC it needs no database of time zones.
        array = pc.cast(array, pa.timestamp(given.unit, "UTC"))
    return pc.cast(_seconds(array) if is_seconds(given) else array, pa.string())


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
    """The same cells without extension types, as string where they are texts of another layout."""
    if array.type.id in PLAIN:
        return array
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    given = array.type
    if types.is_dictionary(given):
        if not is_text(given.value_type):
            return _plain(array.dictionary_decode())
        return _plain_dictionary(array)
    if types.is_null(given) or (is_text(given) and not types.is_string(given)):
        return pc.cast(array, pa.string())
    return array


def _plain_dictionary(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """The dictionary as strings, and of these only the used ones if most are not."""
    values = array.dictionary
    if not types.is_string(values.type):
        values = pc.cast(values, pa.string())
    indices = array.indices
    if len(values) > len(indices) or values.null_count:
        used = pc.drop_null(indices.unique())
        codes = pc.index_in(indices, value_set=used)
        values, indices = values.take(used), codes
        if values.null_count:
            indices = pc.if_else(pc.is_null(values).take(indices), None, indices)
            # Nobody refers to it any more, and a null in a dictionary is a second way to say null.
            values = pc.fill_null(values, "")
    return pa.DictionaryArray.from_arrays(pc.cast(indices, pa.int32()), values)


def _seconds(array: pa.Array) -> pa.Array:
    given = array.type
    unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[given.unit]
    whole = pa.int32() if types.is_time32(given) else pa.int64()
    return pc.divide(pc.cast(pc.cast(array, whole), pa.float64(), safe=False), unit)


def is_text(given: pa.DataType) -> bool:
    """Whether cells are strings of some layout."""
    return bool(
        types.is_string(given) or types.is_large_string(given) or types.is_string_view(given)
    )
