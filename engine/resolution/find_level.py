"""Lookup of a column's level by a value of the request."""

from typing import Literal

from engine.data.levels import describe_levels, read_level
from engine.data.table import ColumnSchema, Level
from engine.data.value_reader import ValueReader, WrongValueError


class UnknownLevelError(Exception):
    """A value that no row of a column has; the text is the end of a problem's detail."""


def find_level(
    reader: ValueReader,
    column: ColumnSchema,
    levels: tuple[Level, ...] | None,
    value: Level,
    noun: Literal["classes", "values"],
) -> Level | None:
    """Return the level that a value denotes; None if it denotes a missing value.

    Args:
        reader: reader in the notation of the table's file.
        column: schema of the column.
        levels: all levels of the column; None if they are not known, and any level is returned.
        value: the value of the request.
        noun: name of the levels in the error's text.

    Raises:
        UnknownLevelError: the value cannot be read, or is not one of the levels.
    """
    reason = ""
    try:
        found = read_level(reader, column.kind, value, levels or ())
    except WrongValueError as error:
        reason = f": {error}"
    else:
        if found is None or levels is None or found in levels:
            return found
    known = "" if levels is None else f"; its {noun} are {describe_levels(levels, value)}"
    raise UnknownLevelError(f"{reason}{known}")
