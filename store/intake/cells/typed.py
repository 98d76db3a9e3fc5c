"""Cells that have a type of their own: their kind, and what a stated kind makes of them."""

from typing import assert_never

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from engine.data.table import ColumnKind
from store.intake.cells.arrow_types import as_text
from store.intake.cells.inference import EXPECTED, InvalidCell
from store.intake.cells.text import ConversionError, drop_nan, find_infinite
from store.intake.cells.times import to_seconds


def is_text(given: pa.DataType | None) -> bool:
    """Whether cells of a type are texts, whose kind must be found out."""
    if given is None or types.is_null(given):
        return True
    if types.is_dictionary(given):
        return is_text(given.value_type)
    return bool(types.is_string(given) or types.is_large_string(given))


def typed_kind(given: pa.DataType) -> ColumnKind:
    """What a column of a type is, unless the client says otherwise."""
    if types.is_boolean(given):
        return "boolean"
    return "time" if types.is_timestamp(given) else "numeric"


def find_invalid_cell(cells: pa.Array, kind: ColumnKind) -> InvalidCell | None:
    """The first cell that cannot be of a kind."""
    given = typed_kind(cells.type)
    match kind:
        case "categorical" | "text":
            return None
        case "numeric":
            index = find_infinite(cells) if types.is_floating(cells.type) else None
            expected, code = "a finite number", "infinite_number"
        case "boolean":
            index = _find_no_bit(cells)
            expected, code = EXPECTED[kind], "invalid_cell"
        case "time":
            index = None if given == "time" else _find_first(pc.is_valid(cells))
            expected, code = EXPECTED[kind], "invalid_cell"
        case _:
            assert_never(kind)
    if index is None:
        return None
    return InvalidCell(str(as_text(cells.slice(index, 1))[0].as_py()), expected, code)


def convert_typed(cells: pa.Array, kind: ColumnKind) -> pa.Array:
    """Cells as the column file has them, infinite ones included. Raises ConversionError."""
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


def _find_no_bit(cells: pa.Array) -> int | None:
    """Where the first cell is that is neither 0 nor 1."""
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
