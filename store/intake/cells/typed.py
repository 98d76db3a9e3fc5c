"""Typed cells: their default kind and their conversion to a stated kind."""

from collections.abc import Collection
from typing import assert_never

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from engine.data.table import ColumnKind
from store.intake.cells.arrow_types import as_text
from store.intake.cells.inference import EXPECTED, InvalidCell
from store.intake.cells.text import ConversionError, drop_nan, find_infinite
from store.intake.cells.times import to_seconds


def is_text(data_type: pa.DataType | None) -> bool:
    """Whether cells of a type are text, whose kind must be inferred."""
    if data_type is None or types.is_null(data_type):
        return True
    if types.is_dictionary(data_type):
        return is_text(data_type.value_type)
    return bool(types.is_string(data_type) or types.is_large_string(data_type))


def typed_kind(data_type: pa.DataType) -> ColumnKind:
    """Return the default kind of a column of a type."""
    if types.is_boolean(data_type):
        return "boolean"
    return "time" if types.is_timestamp(data_type) else "numeric"


def drop_marked(cells: pa.Array, missing: Collection[float]) -> pa.Array:
    """Replace the numbers that mark a missing value by null."""
    kinds = (types.is_integer, types.is_floating, types.is_decimal)
    if not missing or not any(is_kind(cells.type) for is_kind in kinds):
        return cells
    numbers = pc.cast(cells, pa.float64(), safe=False)
    return pc.if_else(pc.is_in(numbers, pa.array(missing, pa.float64())), None, cells)


def find_invalid_cell(cells: pa.Array, kind: ColumnKind) -> InvalidCell | None:
    """Return the first cell that does not fit a kind; None if all fit."""
    default_kind = typed_kind(cells.type)
    match kind:
        case "categorical" | "text":
            return None
        case "numeric":
            index = find_infinite(cells) if types.is_floating(cells.type) else None
            expected, code = "a finite number", "infinite_number"
        case "boolean":
            index = _find_non_binary(cells)
            expected, code = EXPECTED[kind], "invalid_cell"
        case "time":
            index = None if default_kind == "time" else _find_first(pc.is_valid(cells))
            expected, code = EXPECTED[kind], "invalid_cell"
        case _:
            assert_never(kind)
    if index is None:
        return None
    return InvalidCell(str(as_text(cells.slice(index, 1))[0].as_py()), expected, code)


def convert_typed(cells: pa.Array, kind: ColumnKind) -> pa.Array:
    """Convert cells to their column file type, including infinity. Raises ConversionError."""
    if kind != "numeric" and find_invalid_cell(cells, kind) is not None:
        raise ConversionError
    match kind:
        case "numeric" | "time":
            if types.is_timestamp(cells.type):
                return to_seconds(cells)
            return drop_nan(pc.cast(cells, pa.float64(), safe=False))
        case "boolean":
            return pc.cast(cells, pa.bool_())
        case "categorical" | "text":
            return pc.cast(as_text(cells), pa.string())
        case _:
            assert_never(kind)


def _find_non_binary(cells: pa.Array) -> int | None:
    """Return the index of the first cell that is neither 0 nor 1; None if there is none."""
    match typed_kind(cells.type):
        case "boolean":
            return None
        case "numeric":
            bits = pc.or_(pc.equal(cells, 0), pc.equal(cells, 1))
            return _find_first(pc.fill_null(pc.invert(bits), False))  # noqa: FBT003
        case _:
            return _find_first(pc.is_valid(cells))


def _find_first(wanted: pa.Array) -> int | None:
    index: int = pc.index(wanted, pa.scalar(True)).as_py()  # noqa: FBT003
    return None if index < 0 else index
