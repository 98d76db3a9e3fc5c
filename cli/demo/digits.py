"""The bundled digits data set, with every fifth row reserved for testing."""

import csv
from dataclasses import dataclass
from pathlib import Path

from cli.errors import CommandError

DIGITS_PATH = Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.csv"
TARGET = "label"
KEEP_EVERY = 5


@dataclass(frozen=True)
class Digits:
    """Training rows as CSV, and test rows with their labels."""

    training_csv: str
    training_rows: int
    kept_rows: list[list[int]]
    kept_labels: list[int]


def read_digits(path: Path = DIGITS_PATH) -> Digits:
    """Read and split the bundled digits. Raises CommandError if the file is missing."""
    try:
        lines = path.read_text(encoding="ascii").splitlines(keepends=True)
    except OSError as error:
        msg = f"the digits are missing: {path} (they are part of the project's folder)"
        raise CommandError(msg) from error
    rows = lines[1:]
    kept = [[int(value) for value in row] for row in csv.reader(rows[KEEP_EVERY - 1 :: KEEP_EVERY])]
    training = [row for number, row in enumerate(rows, 1) if number % KEEP_EVERY]
    return Digits(
        training_csv=lines[0] + "".join(training),
        training_rows=len(training),
        kept_rows=[row[:-1] for row in kept],
        kept_labels=[row[-1] for row in kept],
    )
