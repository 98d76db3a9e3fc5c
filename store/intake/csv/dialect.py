"""How a CSV file is written: its delimiter, quote, decimal mark and header, from its first rows."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

from store.intake.cells.text import POSSIBLE_MISSING, USUAL_MISSING
from store.intake.csv.records import EndlessCellError, Record, read_lines, split_records

# Of equally good ones the first is taken: commas also stand in numbers and in sentences.
DELIMITERS = ("\t", ";", "|", ",")
LOOKED_AT = 1000
LOOKED_AT_FOR_DELIMITER = 200
LOOKED_AT_CELLS = 10_000

NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ].*)?")
_ABSENT = {"", *USUAL_MISSING, *POSSIBLE_MISSING}
_QUOTED = re.compile(r"(?:^|[,;\t|])'[^'\r\n]*'(?=$|[,;\t|\r\n])", re.MULTILINE)
_OPENED = re.compile(r"(?:^|[,;\t|])'", re.MULTILINE)

_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DOT_NUMBER = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+")


def detect_quote(text: str) -> str:
    """The apostrophe if only it is used as a quote."""
    if '"' in text:
        return '"'
    quoted = len(_QUOTED.findall(text))
    return "'" if quoted and quoted == len(_OPENED.findall(text)) else '"'


def detect_delimiter(text: str, quote: str) -> str:
    """What cuts the first records into the same number of cells."""
    scores = {delimiter: _score(text, delimiter, quote) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0, 0) else ","


def _score(text: str, delimiter: str, quote: str) -> tuple[float, float]:
    """Shares of records with as many cells as the first one, and as most have; 0 for one cell."""
    records = _some(split_records(read_lines(text), delimiter, quote), LOOKED_AT_FOR_DELIMITER)
    counts = [len(record.cells) for record in records]
    if not counts:
        return 0, 0
    usual = max(set(counts), key=counts.count)
    first_share = counts.count(counts[0]) / len(counts) if counts[0] > 1 else 0.0
    return first_share, counts.count(usual) / len(counts) if usual > 1 else 0.0


def take_records(text: str, delimiter: str, quote: str) -> list[Record]:
    """The first records, not more than tell how a file is written."""
    kept: list[Record] = []
    cells = 0
    for record in _some(split_records(read_lines(text), delimiter, quote), LOOKED_AT):
        kept.append(record)
        cells += len(record.cells)
        if cells > LOOKED_AT_CELLS and len(kept) > 1:
            break
    return kept


def _some(records: Iterator[Record], count: int) -> Iterator[Record]:
    try:
        yield from islice(records, count)
    except EndlessCellError:
        return


def detect_decimal(rows: Sequence[Sequence[str]]) -> tuple[str, bool]:
    """The decimal mark, and whether commas are left that may be one or part thousands.

    A comma only where some column has numbers that no thousands separator explains, and no
    column has numbers with a point.
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
    """Whether the first row names the columns rather than being one of the others.

    It does where a name stands over numbers. Numbers over numbers are no names, unless they
    count the columns from 0 as data frames do.
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
