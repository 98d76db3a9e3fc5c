"""Detect a CSV file's delimiter, quote, decimal mark and header from its first rows."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from engine.data.words import POSSIBLE_MISSING, USUAL_MISSING
from store.intake.csv.records import EndlessCellError, Record, read_lines, split_records

# In order of preference for equal scores: commas also occur in numbers and sentences.
DELIMITERS = ("\t", ";", "|", ",")
MAX_RECORDS = 1000
DELIMITER_RECORDS = 200
MAX_CELLS = 10_000

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?")
_ABSENT = {"", *USUAL_MISSING, *POSSIBLE_MISSING}
_QUOTED = re.compile(r"(?:^|[,;\t|])'[^'\r\n]*'(?=$|[,;\t|\r\n])", re.MULTILINE)
_OPENED = re.compile(r"(?:^|[,;\t|])'", re.MULTILINE)

_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DOT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+")


def detect_quote(text: str) -> str:
    """Return the apostrophe if it is the only quote in use, otherwise the double quote."""
    if '"' in text:
        return '"'
    quoted = len(_QUOTED.findall(text))
    return "'" if quoted and quoted == len(_OPENED.findall(text)) else '"'


def detect_delimiter(text: str, quote: str) -> str:
    """Return the delimiter that splits the first records into equal numbers of cells."""
    scores = {delimiter: _score(text, delimiter, quote) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0) else ","


def _score(text: str, delimiter: str, quote: str) -> tuple[float, float]:
    """Shares of records with the first record's cell count and with the most common one.

    A share is 0 if its count is one cell.
    """
    records = _take(split_records(read_lines(text), delimiter, quote), DELIMITER_RECORDS)
    counts = [len(record.cells) for record in records]
    if not counts:
        return 0, 0
    usual = max(set(counts), key=counts.count)
    first_share = counts.count(counts[0]) / len(counts) if counts[0] > 1 else 0.0
    return first_share, counts.count(usual) / len(counts) if usual > 1 else 0.0


def take_records(text: str, delimiter: str, quote: str) -> list[Record]:
    """Return the first records, at most `MAX_RECORDS` and about `MAX_CELLS` cells."""
    kept: list[Record] = []
    cells = 0
    for record in _take(split_records(read_lines(text), delimiter, quote), MAX_RECORDS):
        kept.append(record)
        cells += len(record.cells)
        if cells > MAX_CELLS and len(kept) > 1:
            break
    return kept


def _take(records: Iterator[Record], count: int) -> Iterator[Record]:
    try:
        yield from islice(records, count)
    except EndlessCellError:
        return


def detect_decimal(rows: Sequence[Sequence[str]]) -> tuple[str, bool]:
    """Return the decimal mark, and whether the meaning of commas in numbers is ambiguous.

    The mark is a comma only if some column has numbers with commas that cannot be thousands
    separators, and no column has numbers with a decimal point.
    """
    comma = doubtful = False
    for column in zip_longest(*rows, fillvalue=""):
        cells = [cell for raw in column if (cell := raw.strip()) not in _ABSENT]
        if not cells or not all(NUMBER.fullmatch(cell) for cell in cells):
            continue
        if any(_DOT_NUMBER.fullmatch(c) and not _GROUPED.fullmatch(c) for c in cells):
            return ".", False
        with_comma = [cell for cell in cells if _COMMA_NUMBER.fullmatch(cell)]
        decisive = any(not _GROUPED.fullmatch(cell) for cell in with_comma)
        comma |= decisive
        doubtful |= bool(with_comma) and not decisive
    return ("," if comma else "."), doubtful and not comma


def detect_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds the column names.

    It does if a name is above a column of values. Values above values are data, unless the first
    row numbers the columns from 0 as data frames do.
    """
    if not rows:
        return True
    first, others = [cell.strip() for cell in rows[0]], rows[1:]
    if not others:
        return not any(_is_value(cell) for cell in first)
    named = numbered = repeated = False
    for index, cell in enumerate(first):
        below = [row[index].strip() for row in others if index < len(row)]
        values = [text for text in below if text not in _ABSENT]
        over_values = bool(values) and all(map(_is_value, values))
        named |= over_values and cell not in _ABSENT and not _is_value(cell)
        numbered |= over_values and _is_value(cell)
        repeated |= cell not in _ABSENT and not over_values and cell in values
    if named or [c for c in first if c] == [str(n) for n in range(len(first))]:
        return True
    return not (numbered or repeated)


def _is_value(cell: str) -> bool:
    return bool(NUMBER.fullmatch(cell) or TIME.fullmatch(cell) or cell.lower() in {"true", "false"})
