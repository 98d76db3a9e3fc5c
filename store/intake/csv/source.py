"""CSV files, read by pyarrow a block at a time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from store.datasets.datasets import Notice
from store.errors import IntakeError
from store.intake.cells.text import USUAL_MISSING
from store.intake.csv.detect import detect_csv
from store.intake.csv.errors import CsvErrors
from store.intake.csv.records import Dialect
from store.intake.csv.scan import FileScan
from store.intake.options import Limits, ReadOptions
from store.intake.source import RawColumn, Reading, WrongReadingError

_WRONG_COLUMN = re.compile(r"In CSV column #(\d+): ")


def open_csv_source(path: Path, options: ReadOptions, limits: Limits) -> "CsvSource":
    """Find out how a CSV file is written. Raises IntakeError."""
    found = detect_csv(path, options, limits)
    return CsvSource(
        path=path,
        columns=tuple(RawColumn(name) for name in found.names),
        dialect=found.dialect,
        decimal=found.decimal,
        header=found.header,
        blank_lines=found.blank_lines,
        missing=USUAL_MISSING if options.missing is None else options.missing,
        survey=found.survey,
        notices=found.notices,
    )


@dataclass(frozen=True)
class CsvSource:
    """A `store.intake.source.Source` over a CSV file.

    Attributes:
        path: of the file.
        columns: from left to right.
        dialect: how it is written.
        decimal: before the fraction of a number.
        header: whether the first row names the columns.
        blank_lines: before that row.
        missing: markers of missing values in columns of numbers.
        survey: what all its bytes show.
        notices: what was guessed.
    """

    path: Path
    columns: Sequence[RawColumn]
    dialect: Dialect
    decimal: str
    header: bool
    blank_lines: int
    missing: Sequence[str]
    survey: FileScan
    notices: Sequence[Notice] = field(default=())

    @property
    def options(self) -> dict[str, Any]:
        """Under the names of `ReadOptions`."""
        return {
            "format": "csv",
            "encoding": self.dialect.encoding,
            "delimiter": self.dialect.delimiter,
            "quote": self.dialect.quote,
            "decimal": self.decimal,
            "header": self.header,
        }

    def batches(self, readings: Sequence[Reading]) -> Iterator[pa.RecordBatch]:
        """All rows from the first. Raises WrongReadingError, IntakeError."""
        last = None
        try:
            with self._open(readings) as reader:
                for batch in reader:
                    if batch.num_rows:
                        yield batch
                        last = batch
        except pa.ArrowInvalid as error:
            if wrong := _WRONG_COLUMN.search(str(error)):
                raise WrongReadingError(int(wrong[1])) from error
            raise self._faults.explain_parsing(str(error)) from error
        # A number is whole even if its quote is not closed.
        if last is not None and self.survey.quotes % 2 and readings[-1] == "text":
            self._faults.check_last_cell(last.column(-1)[-1].as_py())

    def _open(self, readings: Sequence[Reading]) -> pa_csv.CSVStreamingReader:
        names = [str(index) for index in range(len(self.columns))]
        types = {"number": pa.float64()}
        return pa_csv.open_csv(
            self.path,
            read_options=pa_csv.ReadOptions(
                block_size=self.survey.block_bytes,
                encoding=self.dialect.encoding,
                column_names=names,
                skip_rows=self.blank_lines,
                skip_rows_after_names=int(self.header),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote or False,
                newlines_in_values=self.survey.quotes > 0,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={
                    name: types.get(reading, pa.string())
                    for name, reading in zip(names, readings, strict=True)
                },
                null_values=["", *self.missing],
                strings_can_be_null=True,
                decimal_point=self.decimal,
                # The survey has looked at every byte.
                check_utf8=False,
            ),
        )

    @property
    def _faults(self) -> CsvErrors:
        return CsvErrors(self.path, self.dialect, self.survey, len(self.columns))

    def explain(self, column: int, text: str, expected: str) -> IntakeError:
        """The IntakeError for the first cell of a column that reads `text`."""
        name = self.columns[column].name
        return self._faults.explain_cell(column, name, text, expected, header_rows=int(self.header))
