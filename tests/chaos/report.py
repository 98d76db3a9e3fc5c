"""Report of a chaos run: a table of the figures on the terminal, and in Markdown."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.figures import Figures

BEGIN, END = "<!-- chaos report begins -->", "<!-- chaos report ends -->"
HEADINGS = (
    "suite",
    "database",
    "faults",
    "jobs",
    "lost",
    "unexpected",
    "duplicated",
    "bit-equal",
    "longest orphan",
    "minutes",
    "passed",
)
LEFT = 2  # left-aligned text columns; the other columns are numbers


def cells(figures: Figures) -> tuple[str, ...]:
    """Return a row of the table."""
    longest = figures.longest_orphan_seconds
    return (
        figures.suite,
        figures.database,
        str(figures.faults or "-"),
        str(figures.jobs or "-"),
        *(str(n) if figures.jobs else "-" for n in _queue(figures)),
        f"{figures.bit_equal} of {figures.compared}" if figures.compared else "-",
        "-" if longest is None else f"{longest:.1f} s",
        f"{figures.seconds / 60:.1f}",
        "yes" if figures.passed else "NO",
    )


def _queue(figures: Figures) -> tuple[int, int, int]:
    return figures.lost, figures.unexpected, figures.duplicated


def print_table(found: Iterable[Figures]) -> None:
    """Print the table."""
    rows = [HEADINGS, *map(cells, found)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADINGS))]
    for row in rows:
        padded = (
            cell.ljust(width) if n < LEFT else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(padded).rstrip())  # noqa: T201 - the table is the command's output


def make_report(found: Sequence[Figures], command: str) -> str:
    """Return the report in Markdown."""
    aligned = [":--" if n < LEFT else "--:" for n in range(len(HEADINGS))]
    lines = [
        f"`{command}` on {datetime.now(UTC):%d %B %Y}: {_machine()}.",
        "",
        *(f"| {' | '.join(row)} |" for row in (HEADINGS, aligned, *map(cells, found))),
    ]
    notes = [
        f"- {_place(one)}: {name}: {note}" for one in found for name, note in one.notes.items()
    ]
    wrong = [f"- {_place(one)}: {complaint}" for one in found for complaint in one.complaints]
    if notes:
        lines += ["", *notes]
    lines += ["", *(["Complaints:", "", *wrong] if wrong else ["The checker had no complaint."])]
    return "\n".join(lines) + "\n"


def _place(figures: Figures) -> str:
    return f"{figures.suite} ({figures.database})"


def _machine() -> str:
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def write_report(path: Path, found: Sequence[Figures], command: str) -> None:
    """Write the report between the file's two markers, or as a new file without them."""
    report = make_report(found, command)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        path.write_text(f"{before}{BEGIN}\n{report}{END}{after}", encoding="utf-8")
    else:
        path.write_text(f"# Chaos report\n\n{report}", encoding="utf-8")
