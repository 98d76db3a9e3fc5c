"""Rows of a JSON document: an array of objects, or of arrays with unnamed cells."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import ArrowSource, rows_per_batch
from store.intake.batches.spill import BatchSpill, SpillWriter
from store.intake.cells.arrow_types import cut
from store.intake.json.columns import JsonColumns, Row, final_schema, nested_value, raw_columns
from store.intake.json.events import SCALARS, Event, Events, read_value
from store.intake.json.rows import RowShape
from store.intake.options import Limits, ReadOptions
from store.intake.source import RawColumn

FOUND = {"format": "json", "encoding": "utf-8"}
# Maximum bytes of the document per batch, so that rows of long texts give smaller batches.
BATCH_BYTES = 2**20


class DocumentRows:
    """Reads rows into a spill file."""

    def __init__(self, events: Events, limits: Limits, folder: Path) -> None:
        self._events = events
        self._limits = limits
        self._columns = JsonColumns(limits, "row")
        self._shape = RowShape("row")
        self._spill = BatchSpill(
            folder / "json_rows.spill", limits.budget("the rows of the document take")
        )
        self._rows = 0

    def read(self, stream: Iterator[Event]) -> None:
        """Read rows until their array ends. Raises IntakeError."""
        rows: list[Row] = []
        batch_start, width = self._events.bytes_read, 0
        most_rows = rows_per_batch(width)
        with self._spill.writing() as writer:
            for value in self._values(stream):
                row = self._shape.make_row(value, self._rows + len(rows) + 1)
                rows.append(row)
                self._events.count_row()
                if len(row) > width:
                    width = len(row)
                    most_rows = rows_per_batch(width)
                is_full = self._events.bytes_read - batch_start >= BATCH_BYTES
                if is_full or len(rows) >= most_rows:
                    self._write(rows, writer)
                    rows, batch_start = [], self._events.bytes_read
                    width = max(width, len(self._columns))
                    most_rows = rows_per_batch(width)
            self._write(rows, writer)

    def _write(self, rows: list[Row], writer: SpillWriter) -> None:
        self._limits.check_running()
        before = self._rows + 1
        for batch in self._columns.build(rows, lambda index: before + index):
            writer.write(batch)
        self._rows += len(rows)

    def _values(self, stream: Iterator[Event]) -> Iterator[Any]:
        for event, value in stream:
            number = self._events.rows + 1
            match event:
                case "end_array":
                    return
                case "start_map":
                    yield _read_object(stream, number)
                case "start_array":
                    yield _read_array(stream, number)
                case _:
                    yield read_value(event, value, number)

    def finish(self, options: ReadOptions, names: Sequence[str] | None = None) -> ArrowSource:
        """Return a source of the rows, with its columns renamed to `names`. Raises IntakeError."""
        if self._rows == 0:
            raise IntakeError("no_rows", "the document has no rows")
        if len(self._columns) == 0:
            raise IntakeError("no_columns", "the rows have no columns")
        schema = final_schema(self._columns.schema)
        columns = raw_columns(schema)
        if names is not None:
            columns = _rename(columns, names)
        return ArrowSource(columns, lambda only: self._spill.read(schema, only), options, FOUND)


def _read_object(stream: Iterator[Event], number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    key = ""
    for event, value in stream:
        if event == "map_key":
            key = value
            if key in row:
                raise repeated_key(f"row {number}", key, number)
        elif event in SCALARS:
            row[key] = read_value(event, value, number)
        elif event == "end_map":
            break
        else:
            raise nested_value(key, event == "start_map", f"row {number}", number)
    return row


def _read_array(stream: Iterator[Event], number: int) -> list[Any]:
    row: list[Any] = []
    for event, value in stream:
        if event in SCALARS:
            row.append(read_value(event, value, number))
        elif event == "end_array":
            break
        else:
            name = f"column_{len(row) + 1}"
            raise nested_value(name, event == "start_map", f"row {number}", number)
    return row


def repeated_key(where: str, key: str, line: int | None = None) -> IntakeError:
    """Return the error for a key that occurs twice in a JSON object."""
    detail = f"{where} has the key {cut(key)!r} twice"
    return IntakeError("repeated_key", detail, FileLocation(line, cut(key)))


def _rename(columns: Sequence[RawColumn], names: Sequence[str]) -> tuple[RawColumn, ...]:
    if len(names) != len(columns):
        detail = f"the document has {len(names)} names for the {len(columns)} columns of its rows"
        raise IntakeError("ragged_columns", detail)
    return tuple(RawColumn(name, c.type) for name, c in zip(names, columns, strict=True))
