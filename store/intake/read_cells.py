"""Read the cells of columns whose kinds are known; nothing is inferred from the rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import types

from store.errors import IntakeError
from store.intake.cell_table import CellRequest, CellTable, CellUse, FoundColumns
from store.intake.cells.arrow_types import as_text, check_row_count
from store.intake.cells.column_names import clean_names, trim_name
from store.intake.cells.distinct import DistinctValues
from store.intake.cells.times import to_seconds
from store.intake.cells.typed import is_text
from store.intake.options import Limits, ReadOptions
from store.intake.source import RawColumn, Reading, TableSource, WrongReadingError

# Passes over a file with one more column read as text; in the last one, all columns are.
MAX_RESTARTS = 3

Open = Callable[[ReadOptions], TableSource]


def read_cells(
    open_file: Open, options: ReadOptions, limits: Limits, request: CellRequest
) -> CellTable:
    """Read the requested cells of a file. Raises IntakeError, and what `request.assign` raises."""
    source = _open(open_file, options, request.known)
    wanted = request.assign(_find_columns(source, limits.max_columns))
    readings = _choose_readings(source, {index: use for index, (_, use) in wanted.items()})
    for _ in range(MAX_RESTARTS):
        try:
            return _read(source, readings, wanted, limits, request)
        except WrongReadingError as wrong:
            readings[wrong.column] = "text"
    texts: list[Reading | None] = [
        "text" if reading == "number" else reading for reading in readings
    ]
    return _read(source, texts, wanted, limits, request)


def _open(open_file: Open, options: ReadOptions, known: frozenset[str]) -> TableSource:
    """Open a file; a CSV file whose few rows do not show its dialect, with what is known of it."""
    source = open_file(options)
    if source.options.get("format") != "csv":
        return source
    if options.decimal == "," and options.delimiter is None and len(source.columns) == 1:
        # The comma of the numbers in a file of one column is not a delimiter.
        options = replace(options, delimiter=";")
        source = open_file(options)
    if options.header is None and source.row_shape is not None and _is_header(source, known):
        # Names that are numbers.
        source = open_file(replace(options, header=True))
    return source


def _is_header(source: TableSource, known: frozenset[str]) -> bool:
    """Whether all cells of the first row are known names."""
    batches = source.batches(["text"] * len(source.columns))
    first = next(batches, None)
    cells = [] if first is None else [column[0].as_py() for column in first.columns]
    return bool(cells) and all(cell is not None and cell.strip() in known for cell in cells)


def _find_columns(source: TableSource, max_columns: int) -> FoundColumns:
    raw = [column.name for column in source.columns]
    names, _ = clean_names(raw, max_columns)
    trimmed = [trim_name(name, position) for position, name in enumerate(raw, start=1)]
    pairs = list(zip(names, trimmed, strict=True))
    return FoundColumns(
        names=names,
        unnamed=frozenset(name for name, stated in pairs if not stated),
        repeated={name: stated for name, stated in pairs if stated and name != stated},
        row_shape=source.row_shape,
    )


def _choose_readings(source: TableSource, uses: Mapping[int, CellUse]) -> list[Reading | None]:
    """Return the reading of each column, None for those that are not used."""
    is_csv = source.options.get("format") == "csv"
    readings: list[Reading | None] = [None] * len(source.columns)
    # If the file has none of the columns, its rows are counted by the first one.
    for index, use in (uses or {0: "value"}).items():
        if is_text(source.columns[index].type):
            readings[index] = "number" if is_csv and use == "number" else "text"
        else:
            readings[index] = "typed"
    return readings


def _read(
    source: TableSource,
    readings: Sequence[Reading | None],
    wanted: Mapping[int, tuple[str, CellUse]],
    limits: Limits,
    request: CellRequest,
) -> CellTable:
    """Read all rows once. Raises IntakeError, WrongReadingError."""
    numeric = [
        index
        for index, (_, use) in wanted.items()
        if _is_numeric(source.columns[index], readings[index], use)
    ]
    others = frozenset(wanted).difference(numeric)
    distinct = {index: DistinctValues(limits.max_bytes) for index in others}
    matrices: list[NDArray[np.float64]] = []
    rows = 0
    for batch in source.batches(readings):
        rows += batch.num_rows
        check_row_count(rows, len(source.columns), limits)
        matrices.append(_take_numbers(batch, numeric, readings, request.missing_numbers))
        for index, found in distinct.items():
            cells = batch.column(str(index))
            # A time is the text of a time, except among times.
            found.add(as_text(cells) if types.is_timestamp(cells.type) else cells)
    if not rows:
        raise IntakeError("no_rows", "the file has no rows")
    numbers = np.concatenate(matrices)
    columns = {wanted[index][0]: numbers[:, i] for i, index in enumerate(numeric)}
    values = {wanted[index][0]: found.finish() for index, found in distinct.items()}
    return CellTable(rows, {**columns, **values})


def _is_numeric(column: RawColumn, reading: Reading | None, use: CellUse) -> bool:
    """Whether the cells are read as float64."""
    if reading != "typed" or use == "value":
        return reading == "number"
    if types.is_timestamp(column.type):
        return use == "time"
    kinds = (types.is_integer, types.is_floating, types.is_decimal)
    return any(is_kind(column.type) for is_kind in kinds)


def _take_numbers(
    batch: pa.RecordBatch,
    positions: Sequence[int],
    readings: Sequence[Reading | None],
    missing: frozenset[float],
) -> NDArray[np.float64]:
    """Return columns as one matrix, `(rows, positions)`, NaN where missing.

    Raises WrongReadingError for a text of CSV that stands for infinity or NaN.
    """
    if not positions:
        return np.empty((batch.num_rows, 0))
    cells = [batch.column(str(index)) for index in positions]
    numbers = [_as_numbers(column) for column in cells]
    chosen = pa.RecordBatch.from_arrays(numbers, names=[str(index) for index in positions])
    matrix: NDArray[np.float64] = chosen.to_tensor(null_to_nan=True, row_major=True).to_numpy()
    if missing:
        # A time does not mark a missing value.
        is_number = [not types.is_timestamp(column.type) for column in cells]
        matrix[np.isin(matrix, [*missing]) & is_number] = np.nan
    if np.isfinite(matrix).all():
        return matrix
    for index, column in zip(positions, matrix.T, strict=True):
        if readings[index] == "number" and _has_odd_words(batch.column(str(index)), column):
            raise WrongReadingError(index)
    return matrix


def _as_numbers(cells: pa.Array) -> pa.Array:
    if types.is_timestamp(cells.type):
        return to_seconds(cells)
    return cells if types.is_float64(cells.type) else pc.cast(cells, pa.float64(), safe=False)


def _has_odd_words(cells: pa.Array, numbers: NDArray[np.float64]) -> bool:
    """Whether some texts were parsed as infinity, or as NaN that is not a null."""
    return bool(np.isinf(numbers).any()) or bool(pc.any(pc.is_nan(cells)).as_py())
