"""CSV answers, written in one way: RFC 4180, and nothing in them that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | bool | None
# What a spreadsheet takes for the start of a formula, in Latin and in full-width characters.
STARTS = frozenset("=+-@＝＋－＠")
# Some spreadsheets skip these before a formula, and some let it begin after them.
BREAKS = frozenset("\t\r\n")


def wants_csv(accept: str) -> bool:
    """Whether an Accept header asks for CSV rather than JSON."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in accept.split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A header and a line a row: texts defused, numbers as they are, an empty cell for None."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([defuse(name) for name in header])
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
    return text.getvalue()


def defuse(text: str) -> str:
    """The text, after an apostrophe if a spreadsheet could take it for a formula."""
    shown = (position for position, letter in enumerate(text) if not _is_skipped(letter))
    start = next(shown, len(text))
    if text[start : start + 1] in STARTS or not BREAKS.isdisjoint(text[:start]):
        return f"'{text}"
    return text


def _is_skipped(letter: str) -> bool:
    # Not printable: also marks of no width, which are seen by nobody and skipped by some.
    return letter.isspace() or not letter.isprintable()


def _written(cell: Cell) -> str | int | float | None:
    match cell:
        case bool():
            return "true" if cell else "false"
        case str():
            return defuse(cell)
        case _:
            return cell
