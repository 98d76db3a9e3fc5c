"""Conversion of JSON rows into columns; a value that cannot be read is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape
from engine.data.matrix_columns import MatrixColumns
from engine.data.table import Column, NumericColumn
from engine.data.value_reader import ValueReader
from engine.json_pointer import json_pointer
from engine.preprocessing.fitted import FittedNumeric
from engine.preprocessing.preprocessing import Preprocessing
from service.serializers.cells import CellReader, Cells, make_cell_reader, plain_numbers
from service.serializers.model_columns import NO_RULES, ColumnRules, ModelColumns
from service.serializers.records import Record, RecordReader
from service.serializers.unreadable import Unreadable
from service.serializers.value_limits import MAX_CELLS, require_few_values
from store.intake.cell_table import CellUse, DistinctCells


@dataclass(frozen=True)
class ReadRows:
    """Rows as the columns of a model.

    Attributes:
        columns: the model's columns by name.
        not_understood: row and column of each value that could not be read; it is missing.
        unflagged: whether a value is absent and not to be flagged, shape `(rows, columns)`; None if
            every absent value is.
    """

    columns: MatrixColumns
    not_understood: list[tuple[int, int]] = field(default_factory=list)
    unflagged: NDArray[np.bool_] | None = None


class RowReader:
    """Reads rows for one model; threads may share it.

    Attributes:
        plain_width: number of features if all of them are numbers, else None.
        columns: the columns that rows may have.
        uses: how the cells of each feature are read from a file.
        shapes: shapes in which the values of a row may be nested.
        missing_numbers: numbers that mark a missing value.
        cell_readers: the reader of each feature's cells.

    Args:
        preprocessing: preprocessing of the model.
        ignored: columns that records may contain without being read.
        shape: shape to which the model reshapes each row, in which arrays may be nested.
    """

    def __init__(
        self,
        preprocessing: Preprocessing,
        ignored: frozenset[str] = frozenset(),
        shape: Shape | None = None,
    ) -> None:
        values = ValueReader(preprocessing.words)
        formats = preprocessing.words.time_formats
        columns = preprocessing.columns
        names = [column.name for column in columns]
        self.columns = ModelColumns(names, ignored, preprocessing.incomplete)
        self._records = RecordReader(self.columns, shape)
        self.shapes = self._records.shapes
        self._readers = [make_cell_reader(column, values, formats) for column in columns]
        self.uses: Mapping[str, CellUse] = {cell.name: cell.use for cell in self._readers}
        self._numeric = preprocessing.numeric_names
        self._plain = tuple(c.name for c in columns if isinstance(c, FittedNumeric))
        self.missing_numbers = values.missing_numbers
        self.cell_readers: Mapping[str, CellReader] = {cell.name: cell for cell in self._readers}
        self.plain_width = len(names) if len(self._plain) == len(names) else None

    def take_numbers(self, numbers: NDArray[np.float64]) -> ReadRows:
        """Return finite numbers, shape `(rows, plain_width)`, as the model's columns."""
        self._mark_missing(numbers)
        return ReadRows(MatrixColumns(self._numeric, numbers, {}))

    def read(self, rows: Sequence[Any], rules: ColumnRules = NO_RULES) -> ReadRows:
        """Return the model's columns.

        Args:
            rows: JSON values: records, or arrays in the order of the model's features. A value
                that a record leaves out is missing.
            rules: rules for columns that records leave out or add.

        Raises:
            InvalidRowsError: some are not rows of such values, or are too many for their number
                of columns; names up to 20 of them.
        """
        numbers = self._read_arrays(rows)
        if numbers is not None:
            return self.take_numbers(numbers)
        records = self._records.read(rows, rules)
        require_few_values(len(records), len(self._readers), "features", MAX_CELLS)
        read = self._columns(rows, records, self._read_plain(records))
        if rules.missing != "ignore":
            return read
        return replace(read, unflagged=self._records.find_absent(records))

    def check_last(self, rows: Sequence[Any], rules: ColumnRules) -> None:
        """Check the last of the rows so far. Raises InvalidRowsError."""
        self._records.check_last(rows, rules)

    def read_columns(
        self, cells: Mapping[str, Cells], rows: int, rules: ColumnRules = NO_RULES
    ) -> ReadRows:
        """Return the model's columns; of the same cells, the same as `read`.

        Args:
            cells: cells of `rows` rows by column name: of a file, or JSON values. A column that is
                left out is missing.
            rows: number of rows.
            rules: rules for columns that are left out.

        Raises:
            InvalidRowsError: some values are arrays or objects, or too many cannot be read.
        """
        require_few_values(rows, len(self._readers), "features", MAX_CELLS)
        columns: dict[str, Column] = {}
        unreadable = Unreadable()
        absent = DistinctCells((), np.full(rows, -1, np.int32))
        for index, reader in enumerate(self._readers):
            found = cells.get(reader.name, absent)
            columns[reader.name], positions = reader.read(found)
            if isinstance(found, np.ndarray | DistinctCells):
                unreadable.add(index, positions)
            else:
                locate = partial(json_pointer, "columns", reader.name)
                unreadable.add_values(index, positions, found, locate)
        unreadable.check()
        unflagged = None
        if rules.missing == "ignore":
            is_absent = np.array([reader.name not in cells for reader in self._readers])
            unflagged = np.tile(is_absent, (rows, 1))
        return ReadRows(self.as_matrix(rows, columns), unreadable.places, unflagged)

    def explain(self, rows: Sequence[Any]) -> ReadRows:
        """Return and raise the same as `read`, without its faster way for plain numbers."""
        return self._columns(rows, self._records.read(rows), None)

    def _columns(
        self,
        rows: Sequence[Any],
        records: Sequence[Record],
        plain: NDArray[np.float64] | None,
    ) -> ReadRows:
        """Return the columns, of which the plain ones may be known. Raises InvalidRowsError."""
        if plain is not None and len(self._plain) == len(self._readers):
            return ReadRows(MatrixColumns(self._numeric, plain, {}))
        columns, not_understood = self._convert(rows, records, is_plain=plain is not None)
        if plain is not None:
            numbers = zip(self._plain, plain.T, strict=True)
            columns |= {name: NumericColumn(values) for name, values in numbers}
        return ReadRows(self.as_matrix(len(rows), columns), not_understood)

    def _read_arrays(self, rows: Sequence[Any]) -> NDArray[np.float64] | None:
        """Return arrays of plain numbers and null, `(rows, plain_width)`; None for other rows.

        A record per row would take several times their memory.
        """
        width = self.plain_width
        if width is None or not all(isinstance(row, list) for row in rows):
            return None
        flat = [self._records.flatten(row) for row in rows]
        if {*map(len, flat)} != {width} or len(rows) * width > MAX_CELLS:
            return None
        numbers = plain_numbers([*chain.from_iterable(flat)])
        return None if numbers is None else numbers.reshape(len(rows), width)

    def _read_plain(self, records: Sequence[Record]) -> NDArray[np.float64] | None:
        """Return the numeric columns, `(rows, columns)`; None unless every value is plain.

        Plain are numbers within float64, and null. `_convert` returns the same for them.
        """
        values = [record.get(name) for record in records for name in self._plain]
        numbers = plain_numbers(values)
        if numbers is None:
            return None
        self._mark_missing(numbers)
        return numbers.reshape(len(records), len(self._plain))

    def _mark_missing(self, numbers: NDArray[np.float64]) -> None:
        if self.missing_numbers:
            numbers[np.isin(numbers, [*self.missing_numbers])] = np.nan

    def _convert(
        self, rows: Sequence[Any], records: Sequence[Record], *, is_plain: bool
    ) -> tuple[dict[str, Column], list[tuple[int, int]]]:
        """Return the columns, value by value, and the places of values that cannot be read.

        Args:
            rows: the rows.
            records: the same as records.
            is_plain: leave out the numeric columns.

        Raises:
            InvalidRowsError: some values are arrays or objects, or too many cannot be read.
        """
        skipped = frozenset(self._plain if is_plain else ())
        columns: dict[str, Column] = {}
        unreadable = Unreadable()
        for index, reader in enumerate(self._readers):
            if reader.name in skipped:
                continue
            values = [record.get(reader.name) for record in records]
            columns[reader.name], positions = reader.read_values(values)
            locate = partial(_locate, rows, reader.name, index)
            unreadable.add_values(index, positions, values, locate)
        unreadable.check()
        return columns, unreadable.places

    def as_matrix(self, rows: int, columns: Mapping[str, Column]) -> MatrixColumns:
        """Return the columns with all numbers and times in one matrix."""
        matrix = np.empty((rows, len(self._numeric)))
        others = dict(columns)
        for index, name in enumerate(self._numeric):
            column = others.pop(name)
            assert isinstance(column, NumericColumn)  # noqa: S101 - as `make_cell_reader` builds it
            matrix[:, index] = column.values
        return MatrixColumns(self._numeric, matrix, others)


def _locate(rows: Sequence[Any], name: str, index: int, position: int) -> str:
    """Return the pointer to a value of a record, or of an array."""
    token = name if isinstance(rows[position], Mapping) else index
    return json_pointer("rows", position, token)
