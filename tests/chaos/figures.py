"""Figures of a suite, stored as a line of JSON for the report of `./run chaos`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

VARIABLE = "CHAOS_FIGURES"


@dataclass
class Figures:
    """One suite on one database.

    Attributes:
        faults: injected faults: kills, stops, crashes.
        compared: succeeded jobs, compared bit for bit with an undisturbed run.
        longest_orphan_seconds: longest time that a lease was expired and its job unclaimed; None
            if not monitored.
        notes: further measurements by name, such as a percentile.
        complaints: complaints of the checker.
    """

    suite: str
    database: str
    seed: int
    faults: int = 0
    jobs: int = 0
    lost: int = 0
    unexpected: int = 0
    duplicated: int = 0
    compared: int = 0
    bit_equal: int = 0
    longest_orphan_seconds: float | None = None
    seconds: float = 0.0
    passed: bool = False
    notes: dict[str, float | str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


def append_figures(path: Path, figures: Figures) -> None:
    """Append the figures to the file as one line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(figures)) + "\n")


def read_figures(path: Path) -> list[Figures]:
    """Return all figures in the file."""
    if not path.exists():
        return []
    return [Figures(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
