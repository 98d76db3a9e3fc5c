"""CSV responses: RFC 4180, with spreadsheet formulas neutralized."""

import csv
import io
from collections.abc import Iterable, Sequence

from service.http.media_types import CSV, JSON, choose

Cell = str | int | float | bool | None
# Characters that start a formula in a spreadsheet, in Latin and in full width.
FORMULA_STARTS = frozenset("=+-@＝＋－＠")
# Some spreadsheets skip these before a formula; in others a formula starts after them.
BREAKS = frozenset("\t\r\n")


def wants_csv(accept: str) -> bool:
    """Whether an Accept header prefers CSV to JSON."""
    return choose(accept, (JSON, CSV)) == CSV


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Write a header and one line per row: texts defused, numbers unchanged, None as empty."""
    text = io.StringIO()
    csv.writer(text).writerow([defuse(name) for name in header])
    return text.getvalue() + as_csv_lines(rows)


def as_csv_lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Write one line per row, without a header."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_write_cell(cell) for cell in row])
    return text.getvalue()


def defuse(text: str) -> str:
    """Prefix the text with an apostrophe if a spreadsheet could run it as a formula."""
    if text[:1].isalnum():
        return text  # most texts
    shown = (position for position, letter in enumerate(text) if not _is_skipped(letter))
    start = next(shown, len(text))
    if text[start : start + 1] in FORMULA_STARTS or not BREAKS.isdisjoint(text[:start]):
        return f"'{text}"
    return text


def _is_skipped(letter: str) -> bool:
    # Not printable includes zero-width characters, which some spreadsheets skip.
    return letter.isspace() or not letter.isprintable()


def _write_cell(cell: Cell) -> str | int | float | None:
    match cell:
        case bool():
            return "true" if cell else "false"
        case str():
            return defuse(cell)
        case _:
            return cell
