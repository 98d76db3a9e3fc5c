"""Convert a source's cells to the types of the column file."""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.intake.cells import text
from store.intake.cells.infer_kind import boolean_parser
from store.intake.cells.large_integers import FIRST_MERGED, are_exact
from store.intake.cells.text import ConversionError
from store.intake.cells.times import TimeParser
from store.intake.cells.typed import convert_typed, drop_marked
from store.intake.convert.plan import ColumnPlan, Plan, numeric_columns
from store.intake.source import WrongReadingError


@dataclass(frozen=True)
class Rows:
    """Rows in the types of the column file.

    Attributes:
        batch: the rows.
        numbers: their number and time columns, shape `(columns, rows)`, NaN where missing.
    """

    batch: pa.RecordBatch
    numbers: NDArray[np.float64]


class Converter:
    """Converts batches according to a plan."""

    def __init__(self, plan: Plan) -> None:
        self._columns = plan.columns
        self._decimal = plan.rules.decimal
        self._missing_numbers = plan.rules.missing_numbers
        self._cleaner = text.Cleaner(plan.rules.missing, plan.rules.null_markers)
        self._times = {c.name: TimeParser(c.time_format) for c in plan.columns if c.time_format}
        self.schema = pa.schema([(column.name, column.type) for column in plan.columns])
        self._numeric = numeric_columns(plan.columns)
        marked = [i for i, c in enumerate(plan.columns) if c.kind == "numeric"]
        self._marked = marked if self._missing_numbers else []
        self._converted = [i for i, c in enumerate(plan.columns) if c.reading != "number"]

    def convert(self, batch: pa.RecordBatch) -> Rows:
        """Convert a batch to column file types. Raises WrongReadingError if it does not fit."""
        if self._converted or self._marked:
            arrays = batch.columns
            for index in self._converted:
                try:
                    arrays[index] = self._convert(arrays[index], self._columns[index])
                except ConversionError as error:
                    raise WrongReadingError(index) from error
            for index in self._marked:
                arrays[index] = drop_marked(arrays[index], self._missing_numbers)
            converted = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        else:
            converted = batch.rename_columns(self.schema.names)
        return self._check_numbers(batch, converted)

    def _check_numbers(self, raw: pa.RecordBatch, batch: pa.RecordBatch) -> Rows:
        """Check all numbers at once: a call per column is too slow for thousands of columns."""
        if not self._numeric:
            return Rows(batch, np.empty((0, batch.num_rows)))
        numbers = batch.select(self._numeric)
        matrix = numbers.to_tensor(null_to_nan=True, row_major=False).to_numpy().T
        is_large = np.abs(matrix) >= FIRST_MERGED
        if is_large.any():
            for position in np.flatnonzero(is_large.any(axis=1)).tolist():
                self._check_large(self._numeric[position], raw, matrix[position])
        return Rows(batch, matrix)

    def _check_large(self, index: int, raw: pa.RecordBatch, numbers: NDArray[np.float64]) -> None:
        """Raise WrongReadingError for infinity, and for a whole number that float64 may change."""
        plan = self._columns[index]
        is_decided = plan.stated is not None or plan.is_scanned
        is_exact = plan.reading == "typed" and are_exact(raw.column(index))
        if np.isinf(numbers).any() or not (is_decided or is_exact):
            raise WrongReadingError(index)

    def _convert(self, cells: pa.Array, plan: ColumnPlan) -> pa.Array:
        match plan.reading:
            case "number":
                return cells
            case "text":
                return self._convert_texts(self._cleaner.clean(cells), plan)
            case "typed":
                return convert_typed(drop_marked(cells, self._missing_numbers), plan.kind)
            case _:
                assert_never(plan.reading)

    def _convert_texts(self, cells: pa.Array, plan: ColumnPlan) -> pa.Array:
        if plan.is_empty and cells.null_count < len(cells):
            raise ConversionError
        match plan.kind:
            case "numeric":
                return text.parse_numbers(cells, self._decimal)
            case "boolean":
                return boolean_parser(is_stated=plan.stated is not None)(cells)
            case "time":
                if plan.name not in self._times:
                    return text.cast_texts(cells, pa.float64())
                return self._times[plan.name].parse(cells)
            case "categorical" | "text":
                return cells
            case _:
                assert_never(plan.kind)
