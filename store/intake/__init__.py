"""Intake: an uploaded CSV file becomes a column file of typed columns, and what is known of them.

Two passes, each a batch at a time: cells are read as text and their kinds found out, then the
columns are written in their kinds. Memory does not grow with the file.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from store.datasets import ColumnRecord
from store.errors import IntakeError
from store.statistics import ColumnStatistics, parse_booleans, parse_numbers

# Larger blocks are no faster and cost more memory: 4 MiB took 230 MB above idle, 1 MiB takes 80.
BLOCK_BYTES = 2**20
MAX_NAME_LENGTH = 1024
SHOWN_TEXT = 80


@dataclass(frozen=True)
class Table:
    """What intake has found: the number of rows, and the columns from left to right."""

    rows: int
    columns: tuple[ColumnRecord, ...]


def read_csv(source: Path, target: Path, max_columns: int) -> Table:
    """Read a CSV file with a header and write its column file. Raises IntakeError."""
    cells = target.with_suffix(".cells")
    try:
        statistics = _read_cells(source, cells, max_columns)
        columns = tuple(column.finish() for column in statistics)
        rows = statistics[0].rows
        if rows == 0:
            raise IntakeError("no_rows", "the file has a header but no rows")
        _write_columns(cells, target, columns)
    finally:
        cells.unlink(missing_ok=True)
    return Table(rows, columns)


def _read_cells(source: Path, cells: Path, max_columns: int) -> list[ColumnStatistics]:
    bad_rows: list[pa_csv.InvalidRow] = []
    reader, header = _open(source, bad_rows)
    names = _checked_names(header, max_columns)
    statistics = [ColumnStatistics(name) for name in names]
    schema = pa.schema([(name, pa.string()) for name in names])
    with pa.OSFile(str(cells), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for batch in _batches(reader, bad_rows):
            for column, array in zip(statistics, batch.columns, strict=True):
                column.add(array)
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    return statistics


def _open(
    source: Path, bad_rows: list[pa_csv.InvalidRow]
) -> tuple[pa_csv.CSVStreamingReader, list[str]]:
    def refuse(row: pa_csv.InvalidRow) -> str:
        bad_rows.append(row)
        return "error"

    with source.open("rb") as file:
        if b"\0" in file.read(BLOCK_BYTES):
            raise IntakeError("not_csv", "the file holds NUL bytes: it is not a CSV file")
    try:
        reader = pa_csv.open_csv(
            source,
            # One thread, so that a bad row is reported with its number.
            read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
            convert_options=pa_csv.ConvertOptions(
                default_column_type=pa.string(), strings_can_be_null=True
            ),
        )
        return reader, reader.schema.names
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _problem(error, bad_rows) from error


def _batches(
    reader: pa_csv.CSVStreamingReader, bad_rows: list[pa_csv.InvalidRow]
) -> Iterator[pa.RecordBatch]:
    try:
        yield from reader
    except pa.ArrowInvalid as error:
        raise _problem(error, bad_rows) from error


def _problem(error: Exception, bad_rows: list[pa_csv.InvalidRow]) -> IntakeError:
    if bad_rows:
        row = bad_rows[0]
        where = "a row" if row.number is None else f"row {row.number}"
        return IntakeError(
            "ragged_row",
            f"{where} has {row.actual_columns} cells where the header has "
            f"{row.expected_columns}: {row.text[:SHOWN_TEXT]!r}",
        )
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or "UTF8" in text:
        return IntakeError("not_utf8", "the file is not UTF-8 text")
    if "straddl" in text:
        return IntakeError("row_too_long", f"a row is longer than {BLOCK_BYTES} bytes")
    if "mpty CSV" in text:
        return IntakeError("empty_file", "the file is empty: a header and rows are expected")
    return IntakeError("not_csv", f"the file cannot be read as CSV: {text[:200]}")


def _checked_names(names: list[str], max_columns: int) -> list[str]:
    if len(names) > max_columns:
        detail = f"the file has {len(names)} columns, at most {max_columns} are allowed"
        raise IntakeError("too_many_columns", detail)
    trimmed = [name.strip() for name in names]
    seen: set[str] = set()
    for position, name in enumerate(trimmed, start=1):
        if not name:
            raise IntakeError("unnamed_column", f"column {position} has no name in the header")
        if len(name) > MAX_NAME_LENGTH:
            detail = f"the name of column {position} is longer than {MAX_NAME_LENGTH} characters"
            raise IntakeError("column_name_too_long", detail)
        if name in seen:
            raise IntakeError("repeated_column", f"two columns are named {name[:SHOWN_TEXT]!r}")
        seen.add(name)
    return trimmed


def _write_columns(cells: Path, target: Path, columns: tuple[ColumnRecord, ...]) -> None:
    types = {"numeric": pa.float64(), "boolean": pa.bool_()}
    schema = pa.schema([(c.name, types.get(c.kind, pa.string())) for c in columns])
    with (
        # Read rather than mapped: pages of a mapped file would count as memory of the API's.
        pa.OSFile(str(cells)) as source,
        pa.OSFile(str(target), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        batches = pa.ipc.open_file(source)
        for index in range(batches.num_record_batches):
            batch = batches.get_batch(index)
            arrays = [
                _typed(array, column) for array, column in zip(batch.columns, columns, strict=True)
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))


def _typed(array: pa.Array, column: ColumnRecord) -> pa.Array:
    match column.kind:
        case "numeric":
            return parse_numbers(array)
        case "boolean":
            return parse_booleans(array)
        case _:
            return pc.cast(array, pa.string())
