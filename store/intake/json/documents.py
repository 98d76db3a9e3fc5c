"""JSON documents: rows `[{…}, {…}]` or `[[…], […]]`, and columns `{"a": […], "b": […]}`.

The pandas orient "split", `{"columns": […], "data": [[…]]}`, is also supported.
"""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import ArrowSource
from store.intake.batches.column_spill import CHUNK_ROWS, ColumnSpill
from store.intake.cells.arrow_types import check_row_count, cut
from store.intake.cells.row_index import index_dropped
from store.intake.json.columns import JsonColumns, final_schema, nested_value, raw_columns
from store.intake.json.document_rows import FOUND, DocumentRows, repeated_key
from store.intake.json.events import SCALARS, Event, Events, read_value
from store.intake.options import Limits, ReadOptions

# Keys of a split table; the index holds the row labels of pandas.
NAMES, INDEX, DATA = "columns", "index", "data"


def open_json_document(
    path: Path, options: ReadOptions, limits: Limits, folder: Path
) -> ArrowSource:
    """Read a JSON document. Raises IntakeError."""
    events = Events(path)
    stream = iter(events)
    event, value = next(stream)
    match event:
        case "start_array":
            rows = DocumentRows(events, limits, folder)
            rows.read(stream)
            _check_end(stream)
            return rows.finish(options)
        case "start_map":
            budget = limits.budget("the columns of the document take")
            with ColumnSpill(folder / "json_columns.spill", budget) as spill:
                reader = _ColumnReader(events, spill, limits, folder)
                reader.read(stream)
            _check_end(stream)
            return reader.finish(options)
        case _:
            detail = f"the document is {cut(repr(value))}: rows or columns are expected"
            raise IntakeError("not_a_table", detail)


def _check_end(stream: Iterator[Event]) -> None:
    """Parse to the end of the file. Raises IntakeError if anything follows the document."""
    for event, _ in stream:
        raise AssertionError(event)


class _ColumnReader:
    """Reads an object whose values are columns, or which holds rows under "data"."""

    def __init__(self, events: Events, spill: ColumnSpill, limits: Limits, folder: Path) -> None:
        self._events = events
        self._spill = spill
        self._limits = limits
        self._folder = folder
        self._columns = JsonColumns(limits, "row")
        self._rows: DocumentRows | None = None

    def read(self, stream: Iterator[Event]) -> None:
        """Read the object to its end. Raises IntakeError."""
        seen: set[str] = set()
        name = ""
        for event, value in stream:
            if event == "map_key":
                name = value
                if name in seen:
                    raise repeated_key("the document", name)
                seen.add(name)
            elif event == "start_array":
                self._read_array(name, stream)
            elif event == "end_map":
                return
            else:
                raise _not_a_column(name, event, value)

    def _read_array(self, name: str, stream: Iterator[Event]) -> None:
        event, value = next(stream)
        first = chain([(event, value)], stream)
        if name == DATA and event in {"start_array", "start_map"}:
            self._rows = DocumentRows(self._events, self._limits, self._folder)
            self._events.rows = 0
            self._rows.read(first)
        else:
            self._columns.add_name(name)
            self._read_column(name, first)

    def _read_column(self, name: str, stream: Iterator[Event]) -> None:
        values: list[Any] = []
        self._events.rows = 0
        for event, value in stream:
            number = self._events.rows + 1
            if event in SCALARS:
                values.append(read_value(event, value, number))
                self._events.count_row()
            elif event == "end_array":
                break
            else:
                raise nested_value(name, event == "start_map", f"row {number}", number)
            if len(values) == CHUNK_ROWS:
                self._write(name, values)
                values = []
        self._write(name, values)

    def _write(self, name: str, values: list[Any]) -> None:
        self._limits.check_running()
        before = self._spill.count_rows(name) + 1
        if values or before == 1:
            check_row_count(before - 1 + len(values), len(self._columns), self._limits)
            chunk = self._columns.build_column(name, values, lambda index: before + index)
            self._spill.write(name, chunk)

    def finish(self, options: ReadOptions) -> ArrowSource:
        """Return a source of the table read. Raises IntakeError."""
        schema = final_schema(self._columns.schema)
        if self._rows is not None:
            return self._finish_split(self._rows, schema, options)
        rows = _common_length(self._spill, schema.names)
        if rows == 0:
            raise IntakeError("no_rows", "the document has no rows")
        return ArrowSource(
            raw_columns(schema), lambda only: self._spill.read(schema, only), options, FOUND
        )

    def _finish_split(
        self, rows: DocumentRows, schema: pa.Schema, options: ReadOptions
    ) -> ArrowSource:
        for name in schema.names:
            if name not in {NAMES, INDEX}:
                detail = f"the document has both rows in {DATA!r} and a column {cut(name)!r}"
                raise IntakeError("not_a_table", detail, FileLocation(column=cut(name)))
        source = rows.finish(options, self._read_names(schema))
        if INDEX not in schema.names:
            return source
        return ArrowSource(source.columns, source.open_batches, options, FOUND, (index_dropped(),))

    def _read_names(self, schema: pa.Schema) -> list[str] | None:
        if NAMES not in schema.names:
            return None
        index = schema.get_field_index(NAMES)
        return [
            str(value.as_py())
            for batch in self._spill.read(schema, [index])
            for value in batch.column(0).cast(pa.string())
        ]


def _not_a_column(name: str, event: str, value: object) -> IntakeError:
    shown = cut(name)
    what = "an object" if event == "start_map" else cut(json.dumps(value))
    detail = f"{shown!r} is {what}: a column must be an array of values, not nested in objects"
    code = "nested_value" if event == "start_map" else "not_a_table"
    return IntakeError(code, detail, FileLocation(column=shown))


def _common_length(spill: ColumnSpill, names: list[str]) -> int:
    """Return the number of rows. Raises IntakeError if the columns differ in length."""
    if not names:
        return 0
    rows = spill.count_rows(names[0])
    for name in names:
        if spill.count_rows(name) != rows:
            detail = (
                f"column {cut(name)!r} has {spill.count_rows(name)} rows where "
                f"{cut(names[0])!r} has {rows}"
            )
            raise IntakeError("ragged_columns", detail, FileLocation(column=cut(name)))
    return rows
