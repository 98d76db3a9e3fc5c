"""CSV records by Python's csv module: slow, but with the line on which each record begins."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from store.intake.csv.scan import MAX_ROW_BYTES

# Maximum characters searched for the line of an error: about one second.
SEARCHED_CHARACTERS = 64 * 2**20


@dataclass(frozen=True)
class Dialect:
    """Dialect of a CSV file; an empty quote means no quoting."""

    encoding: str
    delimiter: str
    quote: str


@dataclass(frozen=True)
class Record:
    """The cells of a row and the file line on which it begins."""

    line: int
    cells: list[str]


class EndlessCellError(Exception):
    """A cell exceeds the maximum row length; its row begins on `line`."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}")


def split_records(text: Iterable[str], delimiter: str, quote: str) -> Iterator[Record]:
    """Yield the records of lines, without blank ones. Raises EndlessCellError."""
    # The limit is global to the process; every caller sets the same value.
    csv.field_size_limit(MAX_ROW_BYTES)
    reader = csv.reader(
        text,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise EndlessCellError(line) from error
        if cells:
            yield Record(line, cells)


def read_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text, including their line ends of any kind."""
    return io.StringIO(text, newline="")


def read_records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """Yield the records at the beginning of a file. Raises EndlessCellError."""
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with path.open(encoding=encoding, newline="") as file:
        yield from split_records(_bounded(file), dialect.delimiter, dialect.quote)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    read = 0
    for line in lines:
        yield line
        read += len(line)
        if read > SEARCHED_CHARACTERS:
            return
