"""The index of a pandas data frame, which a file stores as columns and names in its metadata.

See https://pandas.pydata.org/docs/development/developer.html#storing-pandas-dataframe-objects-in-apache-parquet-format
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pyarrow as pa
from pyarrow import types

from store.datasets.columns import Notice
from store.intake.batches.arrow_source import OpenBatches
from store.intake.cells.row_index import index_dropped

_KEY = b"pandas"


def find_index(schema: pa.Schema, stated: Collection[str]) -> tuple[list[int], list[Notice]]:
    """Return the positions of the columns to read, and notices of index columns.

    An index without a name numbers or labels the rows and is left out, unless it holds times, its
    kind is stated, or no other column is left. An index with a name was a column before.

    Args:
        schema: schema of the file.
        stated: names of the columns whose kind the client states.
    """
    indices = _index_fields(schema)
    dropped = {
        position: name
        for position, name, is_named in indices
        if not (is_named or name in stated or _is_time(schema.field(position).type))
    }
    if len(dropped) == len(schema):
        dropped = {}
    kept = [name for position, name, _ in indices if position not in dropped]
    notices = [index_dropped(list(dropped.values()))] if dropped else []
    notices += [_index_kept(name) for name in kept]
    return [index for index in range(len(schema)) if index not in dropped], notices


def select(positions: Sequence[int], read: OpenBatches) -> OpenBatches:
    """Return a reader of some of the columns that `read` yields."""

    def read_selected(only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        if only is not None:
            yield from read([positions[index] for index in only])
            return
        for batch in read(None):
            yield batch.select(positions)

    return read_selected


def _index_kept(name: str) -> Notice:
    detail = (
        "the row index of pandas is read as a column: it has a name or holds times; leave it out "
        "of features if it only identifies the rows"
    )
    return Notice("index_kept", detail, name)


def _is_time(data_type: pa.DataType) -> bool:
    return bool(types.is_timestamp(data_type) or types.is_date(data_type))


def _index_fields(schema: pa.Schema) -> list[tuple[int, str, bool]]:
    """Return position, name and whether pandas had a name for it, of each index column."""
    described = _read_metadata(schema)
    names = [name for name in _items(described, "index_columns") if isinstance(name, str)]
    found = []
    for name in names:
        position = _find(schema.get_field_index, name)
        if position is not None:
            found.append((position, name, _is_named(_items(described, "columns"), name)))
    return found


def _find(get_index: Callable[[str], int], name: str) -> int | None:
    try:
        position = get_index(name)
    except UnicodeError:
        return None
    return None if position < 0 else position


def _is_named(columns: list[Any], field: str) -> bool:
    return any(
        isinstance(column, dict) and column.get("field_name") == field and column.get("name")
        for column in columns
    )


def _read_metadata(schema: pa.Schema) -> dict[str, Any]:
    """Return the description of the data frame; empty if there is none or it is broken."""
    try:
        found = json.loads((schema.metadata or {}).get(_KEY, b"{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _items(described: dict[str, Any], key: str) -> list[Any]:
    items = described.get(key)
    return items if isinstance(items, list) else []
