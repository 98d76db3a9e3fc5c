"""Arrow columns from parsed JSON values; names and types are discovered while reading."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from store.errors import FileLocation, IntakeError
from store.intake.batches.arrow_source import rows_per_batch
from store.intake.cells.arrow_types import check_row_count, cut
from store.intake.cells.column_names import check_column_count, check_name_length
from store.intake.cells.large_integers import FIRST_MERGED, has_fraction
from store.intake.json.present_cells import PresentCells, collect_cells, fill_gaps, has_values
from store.intake.options import Limits
from store.intake.source import RawColumn

EXPECTED = "each cell must be a number, a text, true, false or null"
# Whole numbers, some of them beyond 2^53.
EXACT = pa.decimal128(38, 0)
# A longer whole number is read as float64, and so is its column.
MAX_DIGITS = 37
TYPE_NAMES = {"double": "a number", "bool": "true or false", "string": "a text"}
Row = Mapping[str, Any]
FindLine = Callable[[int], int]


class JsonColumns:
    """Columns in the order in which their names first appear.

    A column holds numbers, booleans or text; its type is null as long as all its values are null.
    A column of whole numbers is of type EXACT from the first one beyond 2^53 on.
    """

    def __init__(self, limits: Limits, unit: Literal["line", "row"]) -> None:
        self._limits = limits
        self._unit = unit
        self._types: dict[str, pa.DataType] = {}
        # Columns of numbers that are not all whole.
        self._fractional: set[str] = set()
        self._rows = 0
        self._rows_without_columns = 0

    @property
    def schema(self) -> pa.Schema:
        """Schema of the columns found so far."""
        return pa.schema(list(self._types.items()))

    def __len__(self) -> int:
        """Number of columns found so far."""
        return len(self._types)

    def add_name(self, name: str) -> None:
        """Add a column unless it exists. Raises IntakeError for a long name or too many columns."""
        if name not in self._types:
            self._types[name] = pa.null()
            check_column_count(len(self._types), self._limits.max_columns)
            # Here, since rows times names are written before the file's names are cleaned.
            check_name_length(name, len(self._types))

    def add_names(self, rows: Sequence[Row]) -> None:
        """Add a column per new key. Raises IntakeError for a long name or too many columns."""
        for row in rows:
            if not row.keys() <= self._types.keys():
                for name in row:
                    self.add_name(name)

    def count_rows(self, rows: int) -> None:
        """Add to the row count. Raises IntakeError for too many rows or cells."""
        self._rows += rows
        check_row_count(self._rows, len(self._types), self._limits)

    def build(self, rows: Sequence[Row], line_of: FindLine) -> Iterator[pa.RecordBatch]:
        """Yield the rows as batches; `line_of` maps a row index to a line. Raises IntakeError."""
        self.add_names(rows)
        if not self._types:
            self._rows_without_columns += len(rows)
            check_row_count(self._rows_without_columns, 0, self._limits)
            return
        yield from self._build_empty_rows()
        step = rows_per_batch(len(self._types))
        for start in range(0, len(rows), step):
            batch_rows = rows[start : start + step]
            self.count_rows(len(batch_rows))
            present = collect_cells(batch_rows)
            arrays = [
                self._build_present(name, present[name], len(batch_rows), shift(line_of, start))
                if name in present
                else pa.nulls(len(batch_rows), kind)
                for name, kind in list(self._types.items())
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _build_present(
        self, name: str, cells: PresentCells, rows: int, line_of: FindLine
    ) -> pa.Array:
        found = self.build_column(name, cells.values, lambda index: line_of(cells.rows[index]))
        return fill_gaps(found, cells.rows, rows)

    def _build_empty_rows(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows read before the first column name."""
        while self._rows_without_columns:
            count = min(self._rows_without_columns, rows_per_batch(len(self._types)))
            self._rows_without_columns -= count
            self.count_rows(count)
            arrays = [pa.nulls(count, kind) for kind in self._types.values()]
            yield pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def build_column(self, name: str, values: list[Any], line_of: FindLine) -> pa.Array:
        """Build an array of one column's values, of type null if all are. Raises IntakeError."""
        current = _as_number(self._types[name])
        found = {_type_of(kind) for kind in set(map(type, values))} - {pa.null()}
        if len((found | {current}) - {pa.null()}) > 1 or None in found:
            raise self._wrong_cell(name, values, line_of)
        if found:
            current = found.pop()
        if current == pa.float64():
            current, values = self._read_numbers(name, values)
        self._types[name] = current
        try:
            return pa.array(values, current)
        except UnicodeEncodeError as error:
            detail = f"column {cut(name)!r} holds an unpaired surrogate, which is not valid JSON"
            bad = next(i for i, value in enumerate(values) if value and not _is_unicode(value))
            line = line_of(bad)
            detail = f"{self._unit} {line}: {detail}"
            raise IntakeError("not_json", detail, FileLocation(line, cut(name))) from error

    def may_grow(self, batch: pa.RecordBatch) -> bool:
        """Whether a column of float64 holds numbers that may be whole numbers beyond 2^53."""
        return any(
            has_values(cells)
            and cells.type == pa.float64()
            and name not in self._fractional
            and pc.any(pc.greater_equal(pc.abs(cells), FIRST_MERGED)).as_py()
            for name, cells in zip(batch.schema.names, batch.columns, strict=True)
        )

    def check_written(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Make columns that were built elsewhere, and hold a fraction there, columns of float64."""
        exact = {name for name, kind in self._types.items() if kind == EXACT}
        if not exact:
            return
        for batch in batches:
            for name in exact.intersection(batch.schema.names) - self._fractional:
                cells = batch.column(name)
                if cells.type == pa.float64() and has_fraction(cells):
                    self._fractional.add(name)
                    self._types[name] = pa.float64()

    def _read_numbers(
        self, name: str, values: list[int | float | None]
    ) -> tuple[pa.DataType, list[Any]]:
        """Return the type of a column of numbers after these, and their values in it."""
        if any(type(v) is float and (is_large(v) or not v.is_integer()) for v in values):
            self._fractional.add(name)
        is_exact = self._types[name] == EXACT or any(type(v) is int for v in values)
        if is_exact and name not in self._fractional:
            return EXACT, [None if v is None else Decimal(int(v)) for v in values]
        return pa.float64(), [None if v is None else float(v) for v in values]

    def _wrong_cell(self, name: str, values: list[Any], line_of: FindLine) -> IntakeError:
        """Return the error for the first value of another or an unsupported type."""
        current, shown = _as_number(self._types[name]), cut(name)
        for index, value in enumerate(values):
            found = _type_of(type(value))
            if found is None:
                line = line_of(index)
                return nested_value(name, type(value) is dict, f"{self._unit} {line}", line)
            if current != pa.null() and found not in {pa.null(), current}:
                line, text = line_of(index), cut(json.dumps(value))
                expected = TYPE_NAMES[str(current)]
                detail = (
                    f"{self._unit} {line}: column {shown!r} holds {text}, which is "
                    f"{TYPE_NAMES[str(found)]}, where earlier rows hold {expected}"
                )
                return IntakeError("mixed_types", detail, FileLocation(line, shown, text, expected))
            current = current if found == pa.null() else found
        raise AssertionError(name)


def raw_columns(schema: pa.Schema) -> tuple[RawColumn, ...]:
    """Return the columns of a schema; columns of nulls are text."""
    typed = (pa.float64(), EXACT, pa.bool_())
    return tuple(RawColumn(f.name, f.type if f.type in typed else None) for f in schema)


def final_schema(schema: pa.Schema) -> pa.Schema:
    """Change columns that hold only nulls to text."""
    return pa.schema(
        [(f.name, pa.string() if pa.types.is_null(f.type) else f.type) for f in schema]
    )


def is_large(number: float) -> bool:
    """Whether a whole number of this magnitude may differ from its float64."""
    return abs(number) >= FIRST_MERGED


def shift(line_of: FindLine, start: int) -> FindLine:
    """Return `line_of` for rows whose first one has the index `start`."""
    return lambda index: line_of(start + index)


def _as_number(kind: pa.DataType) -> pa.DataType:
    return pa.float64() if kind == EXACT else kind


def nested_value(name: str, is_object: bool, where: str, line: int) -> IntakeError:  # noqa: FBT001
    """Return the error for a cell that is an object or an array."""
    what, shown = "an object" if is_object else "an array", cut(name)
    detail = f"{where}: column {shown!r} holds {what}: nested values are not supported, {EXPECTED}"
    return IntakeError("nested_value", detail, FileLocation(line, shown, expected=EXPECTED))


def _type_of(kind: type) -> pa.DataType | None:
    if kind is bool:
        return pa.bool_()
    if kind in {int, float}:
        return pa.float64()
    if kind is str:
        return pa.string()
    return pa.null() if kind is type(None) else None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
