"""CSV files, read by pyarrow block by block."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from engine.data.words import USUAL_MISSING
from store.datasets.columns import Notice
from store.errors import IntakeError
from store.intake.csv.detect import detect_csv
from store.intake.csv.errors import CsvErrors
from store.intake.csv.records import Dialect
from store.intake.csv.scan import FileScan
from store.intake.options import Limits, ReadOptions
from store.intake.source import RawColumn, Reading, WrongReadingError, chosen

_WRONG_COLUMN = re.compile(r"In CSV column #(\d+): ")


def open_csv_source(path: Path, options: ReadOptions, limits: Limits) -> "CsvSource":
    """Detect a CSV file's format and open it as a source. Raises IntakeError."""
    found = detect_csv(path, options, limits)
    return CsvSource(
        path=path,
        columns=tuple(RawColumn(name) for name in found.names),
        dialect=found.dialect,
        decimal=found.decimal,
        header=found.header,
        blank_lines=found.blank_lines,
        missing=USUAL_MISSING if options.missing is None else options.missing,
        scan=found.scan,
        notices=found.notices,
    )


@dataclass(frozen=True)
class CsvSource:
    """A `store.intake.source.TableSource` over a CSV file.

    Attributes:
        path: path of the file.
        columns: from left to right.
        dialect: encoding, delimiter and quote.
        decimal: decimal mark of numbers.
        header: whether the first row holds the column names.
        blank_lines: number of blank lines before that row.
        missing: missing-value markers in columns of numbers.
        scan: result of the scan of all bytes.
        notices: notices of guesses.
    """

    path: Path
    columns: Sequence[RawColumn]
    dialect: Dialect
    decimal: str
    header: bool
    blank_lines: int
    missing: Sequence[str]
    scan: FileScan
    notices: Sequence[Notice] = field(default=())

    @property
    def options(self) -> dict[str, Any]:
        """Detected options, keyed by the names of `ReadOptions`."""
        return {
            "format": "csv",
            "encoding": self.dialect.encoding,
            "delimiter": self.dialect.delimiter,
            "quote": self.dialect.quote,
            "decimal": self.decimal,
            "header": self.header,
        }

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        """Shape of a row without a header; None with one."""
        return None if self.header else (len(self.columns),)

    def batches(self, readings: Sequence[Reading | None]) -> Iterator[pa.RecordBatch]:
        """Yield all rows from the first. Raises WrongReadingError, IntakeError."""
        last, read = None, chosen(readings)
        width = len(read)
        if self.scan.quotes % 2:
            # An unclosed quote is seen in the last cell of the file.
            read.setdefault(len(readings) - 1, "text")
        try:
            with self._open(read) as reader:
                for batch in reader:
                    if batch.num_rows:
                        yield batch.select(range(width))
                        last = batch
        except pa.ArrowInvalid as error:
            if wrong := _WRONG_COLUMN.search(str(error)):
                raise WrongReadingError(int(wrong[1])) from error
            raise self._errors.explain_parsing(str(error)) from error
        # A cell parsed as a number is complete even if its quote is not closed.
        if last is not None and self.scan.quotes % 2 and read[len(readings) - 1] == "text":
            self._errors.check_last_cell(last.column(-1)[-1].as_py())

    def _open(self, readings: Mapping[int, Reading]) -> pa_csv.CSVStreamingReader:
        names = [str(index) for index in range(len(self.columns))]
        types = {"number": pa.float64()}
        return pa_csv.open_csv(
            self.path,
            read_options=pa_csv.ReadOptions(
                block_size=self.scan.block_bytes,
                encoding=self.dialect.encoding,
                column_names=names,
                skip_rows=self.blank_lines,
                skip_rows_after_names=int(self.header),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=self.dialect.delimiter,
                quote_char=self.dialect.quote or False,
                newlines_in_values=self.scan.quotes > 0,
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=[names[index] for index in readings],
                column_types={
                    names[index]: types.get(reading, pa.string())
                    for index, reading in readings.items()
                },
                null_values=["", *self.missing],
                strings_can_be_null=True,
                decimal_point=self.decimal,
                # The scan has already validated every byte.
                check_utf8=False,
            ),
        )

    @property
    def _errors(self) -> CsvErrors:
        return CsvErrors(self.path, self.dialect, self.scan, len(self.columns))

    def explain(self, column: int, text: str, expected: str) -> IntakeError:
        """Return the IntakeError for the first cell of a column that equals `text`."""
        name = self.columns[column].name
        return self._errors.explain_cell(column, name, text, expected, header_rows=int(self.header))
