"""Locate errors in a CSV file; used only after reading it has failed."""

import re
from dataclasses import dataclass
from pathlib import Path

from store.errors import FileLocation, IntakeError
from store.intake.cells.arrow_types import cut
from store.intake.csv.records import Dialect, EndlessCellError, Record, read_records
from store.intake.csv.scan import FileScan, line_at, row_too_long

_RAGGED = re.compile(r"Expected (\d+) columns, got (\d+): ?(.*)", re.DOTALL)


@dataclass(frozen=True)
class CsvErrors:
    """Finds the line of an error in one file.

    Attributes:
        path: path of the file.
        dialect: dialect of the file.
        scan: result of the scan of all bytes.
        columns: number of columns.
    """

    path: Path
    dialect: Dialect
    scan: FileScan
    columns: int

    def explain_parsing(self, message: str) -> IntakeError:
        """Return the error behind a message of pyarrow."""
        is_open = self.scan.quotes % 2 == 1
        try:
            ragged = self._find_ragged()
        except EndlessCellError as error:
            return unclosed_quote(error.line) if is_open else self._too_long(error.line)
        if ragged is None:
            return self._explain_message(message)
        if is_open and self._is_last(ragged):
            return unclosed_quote(ragged.line)
        shown = self.dialect.delimiter.join(ragged.cells)
        return self._ragged_row(ragged.line, len(ragged.cells), shown)

    def _explain_message(self, message: str) -> IntakeError:
        """Return the error for a line beyond the searched part of the file."""
        if ragged := _RAGGED.search(message):
            return self._ragged_row(None, int(ragged[2]), ragged[3])
        if "straddl" in message:
            return self._too_long(None)
        return IntakeError("not_csv", f"the file cannot be read as CSV: {message[:200]}")

    def _too_long(self, line: int | None) -> IntakeError:
        return row_too_long(line, self.scan.block_bytes)

    def _find_ragged(self) -> Record | None:
        """Return the first row with another number of cells in the searched part of the file."""
        for record in read_records(self.path, self.dialect):
            if len(record.cells) != self.columns:
                return record
        return None

    def _is_last(self, record: Record) -> bool:
        """Whether no record follows `record`."""
        return all(r.line <= record.line for r in read_records(self.path, self.dialect))

    def _ragged_row(self, line: int | None, count: int, text: str) -> IntakeError:
        where = "a row" if line is None else f"line {line}"
        cells = f"{count} cell" + ("s" if count != 1 else "")
        expected = f"{self.columns} cell" + ("s" if self.columns != 1 else "")
        shown = cut(text)
        detail = f"{where} has {cells} where the first row has {expected}: {shown!r}"
        return IntakeError("ragged_row", detail, FileLocation(line, None, shown, expected))

    def check_last_cell(self, text: str | None) -> None:
        """Raise IntakeError if the file ends inside this cell because its quote is not closed."""
        quote, encoding = self.dialect.quote, self.dialect.encoding
        if not text or not quote:
            return
        if encoding == "utf-16":
            encoding = "utf-16-le" if self._head() == b"\xff\xfe" else "utf-16-be"
        end = (quote + text.replace(quote, quote * 2)).encode(encoding, "replace")
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            file.seek(max(0, size - len(end)))
            if file.read() != end:
                return
        raise unclosed_quote(line_at(self.path, size - len(end)))

    def _head(self) -> bytes:
        with self.path.open("rb") as file:
            return file.read(2)

    def explain_cell(
        self, column: int, name: str, text: str, expected: str, header_rows: int
    ) -> IntakeError:
        """Return the error for the first cell of a column that equals `text`."""
        line = self._find_cell(column, text.strip(), header_rows)
        where = "" if line is None else f"line {line}: "
        detail = f"{where}column {cut(name)!r} holds {cut(text)!r} where {expected} is expected"
        return IntakeError(
            "invalid_cell", detail, FileLocation(line, cut(name), cut(text), expected)
        )

    def _find_cell(self, column: int, text: str, header_rows: int) -> int | None:
        try:
            for number, record in enumerate(read_records(self.path, self.dialect)):
                cells = record.cells
                is_row = number >= header_rows and column < len(cells)
                if is_row and cells[column].strip() == text:
                    return record.line
        except EndlessCellError:
            return None
        return None


def unclosed_quote(line: int | None) -> IntakeError:
    """Return the error for a quote that opens a cell and is not closed."""
    where = "a quote" if line is None else f"the quote that opens on line {line}"
    detail = f"{where} is not closed before the end of the file or the maximum length of a row"
    return IntakeError("unclosed_quote", detail, FileLocation(line, expected="a closing quote"))
