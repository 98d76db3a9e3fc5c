"""A CSV file's records by Python's csv module: slow, and knows on which line each begins."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from store.intake.csv.scan import MAX_ROW_BYTES

# How far into a file a place is searched for: about a second's work.
SEARCHED_CHARACTERS = 64 * 2**20


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written; an empty quote is none."""

    encoding: str
    delimiter: str
    quote: str


@dataclass(frozen=True)
class Record:
    """Cells of a row, and the file line on which it begins."""

    line: int
    cells: list[str]


class EndlessCellError(Exception):
    """A cell is longer than a row may be; `line` is where its row begins."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}")


def split_records(text: Iterable[str], delimiter: str, quote: str) -> Iterator[Record]:
    """The records of some lines, blank ones left out. Raises EndlessCellError."""
    # Of the whole process, and always the same.
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
    """The lines of a text with their ends, of any kind."""
    return io.StringIO(text, newline="")


def read_records(path: Path, dialect: Dialect) -> Iterator[Record]:
    """The records at the beginning of a file. Raises EndlessCellError."""
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
