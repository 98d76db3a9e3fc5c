"""Parse JSON text as a row of a table, with errors located by line."""

import json
import math
from typing import Any, NoReturn

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import MAX_ROW_BYTES
from store.intake.cells.arrow_types import cut
from store.intake.json.columns import MAX_DIGITS, Row, is_large, nested_value

# A number of more digits is described by its digit count instead of being shown.
SHOWN_DIGITS = 40


class RowShape:
    """Shape of the first row, which all rows must have: objects, or arrays of one length."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._width: int | None = None
        self._has_shape = False

    def make_row(self, value: object, number: int) -> Row:
        """Convert a JSON value to a row, naming the cells of an array. Raises IntakeError."""
        if not isinstance(value, dict | list):
            text = cut(json.dumps(value))
            detail = f"{self._unit} {number} is {text}: each row must be a JSON object"
            raise IntakeError("not_a_table", detail, FileLocation(number, text=text))
        width = len(value) if isinstance(value, list) else None
        if not self._has_shape:
            if width == 0:
                detail = f"{self._unit} {number} is an empty array: the rows have no columns"
                raise IntakeError("no_columns", detail, FileLocation(number))
            self._has_shape, self._width = True, width
        if (width is None) != (self._width is None):
            detail = f"{self._unit} {number}: rows must be either all JSON objects or all arrays"
            raise IntakeError("not_a_table", detail, FileLocation(number))
        if isinstance(value, dict):
            return value
        if width != self._width:
            detail = f"{self._unit} {number} has {width} cells, but the first has {self._width}"
            raise IntakeError("ragged_row", detail, FileLocation(number))
        return {f"column_{index}": cell for index, cell in enumerate(value, start=1)}


def parse_line(line: bytes, number: int) -> object:
    """Parse the JSON value of a line. Raises IntakeError."""
    if len(line) > MAX_ROW_BYTES:
        raise row_too_long("line", number, line)
    try:
        return _DECODER.decode(line.decode())
    except UnicodeDecodeError as error:
        detail = f"line {number} is not utf-8 text"
        raise IntakeError(
            "wrong_encoding", detail, FileLocation(number, text=_shown(line))
        ) from error
    except json.JSONDecodeError as error:
        near = _shown(line[max(0, error.pos - 20) :])
        detail = f"line {number} is not JSON: {error.msg}, at character {error.pos + 1}: {near!r}"
        raise IntakeError("not_json", detail, FileLocation(number, text=near)) from error
    except RecursionError as error:
        raise nested_value("", is_object=False, where=f"line {number}", line=number) from error
    except _CellError as error:
        detail = f"line {number} {error.detail}"
        raise IntakeError(error.code, detail, FileLocation(number, text=error.text)) from error


def row_too_long(unit: str, number: int, text: bytes) -> IntakeError:
    """Return the error for a row that exceeds the maximum length."""
    detail = f"{unit} {number} is longer than {MAX_ROW_BYTES} bytes"
    return IntakeError("row_too_long", detail, FileLocation(number, text=_shown(text)))


def number_too_large(where: str, text: str, line: int) -> IntakeError:
    """Return the error for a number that float64 cannot represent."""
    return IntakeError(
        "number_too_large", f"{where} {_too_large(text)}", FileLocation(line, text=cut(text))
    )


def _too_large(text: str) -> str:
    digits = sum(character.isdigit() for character in text)
    shown = text if digits <= SHOWN_DIGITS else f"a number of {digits} digits, {text[:20]}…"
    return f"holds {shown}: it is too large for a number of 64 bits"


class _CellError(Exception):
    """An error in a value that Python's JSON parser would accept."""

    def __init__(self, code: str, detail: str, text: str) -> None:
        self.code = code
        self.detail = detail
        self.text = cut(text)
        super().__init__(detail)


def _parse_number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _CellError("number_too_large", _too_large(text), text)
    return number


def _parse_integer(text: str) -> float:
    """Return a whole number as float, beyond 2^53 as int if it has not too many digits."""
    number = _parse_number(text)
    return int(text) if is_large(number) and len(text) <= MAX_DIGITS else number


def _reject_constant(text: str) -> NoReturn:
    detail = f"holds {text}, which is not JSON: write a missing number as null"
    raise _CellError("not_json", detail, text)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _CellError("repeated_key", f"has the key {cut(key)!r} twice", key)
            seen.add(key)
    return row


def _shown(line: bytes) -> str:
    return cut(line[:400].decode(errors="replace"))


# Making a decoder takes longer than parsing a short line.
_DECODER = json.JSONDecoder(
    parse_int=_parse_integer,
    parse_float=_parse_number,
    parse_constant=_reject_constant,
    object_pairs_hook=_unique_keys,
)
