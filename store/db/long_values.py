"""Lists without long JSON values: they are left out by the database, so that no list reads them."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    Table,
    Text,
    case,
    cast,
    func,
    select,
)

# Of a JSON value as text, in characters: a list has many rows, with several values each.
MOST_CHARACTERS = 8_192
_FLAG = "_is_long"


def select_short(table: Table, names: Collection[str]) -> Select[Any]:
    """Select all columns; these JSON values are NULL where they are long, see `split_long`."""
    columns: list[ColumnElement[Any]] = []
    for column in table.c:
        if column.name in names:
            columns += [short(column).label(column.name), _is_long(column)]
        else:
            columns.append(column)
    return select(*columns)


def short(value: ColumnElement[Any], most: int = MOST_CHARACTERS) -> ColumnElement[Any]:
    """A JSON value; NULL if its text is longer than `most` characters."""
    return case((func.length(cast(value, Text)) <= most, value))


def _is_long(column: Column[Any]) -> ColumnElement[bool]:
    length = func.coalesce(func.length(cast(column, Text)), 0)
    return (length > MOST_CHARACTERS).label(f"{column.name}{_FLAG}")


def split_long(row: RowMapping) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the values of a row of `select_short` by column, and the names of those left out."""
    flags = {name for name in row if name.endswith(_FLAG)}
    values = {name: row[name] for name in row if name not in flags}
    return values, tuple(sorted(name.removesuffix(_FLAG) for name in flags if row[name]))
