"""`./run chaos`: the suites at full size, a table of what they counted, and a report.

Each suite is a test of pytest's; this asks for its full size by environment variables.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import get_args

from tests.chaos.figures import VARIABLE, Figures, read_figures
from tests.chaos.fleet import DatabaseKind
from tests.chaos.processes import ROOT
from tests.chaos.report import print_table, write_report
from tests.chaos.sizes import DATABASES_VARIABLE, KILLS_VARIABLE, SEED, SEED_VARIABLE

FOLDER = Path(__file__).parent
# Tests of the harness itself, which belong to `./run test`.
NO_SUITES = frozenset({"checker", "witness", "report"})


def find_suites() -> list[str]:
    """The names of all suites."""
    found = (path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    return sorted(set(found) - NO_SUITES)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="of all that is left to chance")
    parser.add_argument(
        "--kills", type=int, default=200, help="of workers; the other suites keep their proportion"
    )
    parser.add_argument(
        "--database", choices=(*get_args(DatabaseKind), "both"), default="both", help="to run on"
    )
    parser.add_argument(
        "--suite", action="append", choices=find_suites(), help="may be repeated; default: all"
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="a Markdown file (from the project's folder), or one with a section for it",
    )
    found = parser.parse_args(arguments)
    if found.kills < 1:
        parser.error("--kills must be at least 1")
    return found


def show_command(wanted: argparse.Namespace) -> str:
    """The command that does the same again."""
    suites = "".join(f" --suite {suite}" for suite in wanted.suite or ())
    return (
        f"./run chaos --seed {wanted.seed} --kills {wanted.kills} --database {wanted.database}"
        f"{suites}"
    )


def run_suites(wanted: argparse.Namespace, figures: Path) -> int:
    """Run them with pytest; its exit status."""
    kinds = get_args(DatabaseKind) if wanted.database == "both" else (wanted.database,)
    environment = {
        SEED_VARIABLE: str(wanted.seed),
        KILLS_VARIABLE: str(wanted.kills),
        DATABASES_VARIABLE: ",".join(kinds),
        VARIABLE: str(figures),
    }
    suites = [str(FOLDER / f"test_{suite}.py") for suite in wanted.suite or find_suites()]
    # One after the other: they compete for the processor as it is.
    command = [sys.executable, "-m", "pytest", "-n0", "-v", "--tb=short", *suites]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    return done.returncode


def main(arguments: list[str]) -> int:
    """Run, print the table, and write the report if one is wanted."""
    wanted = parse_arguments(arguments)
    with tempfile.TemporaryDirectory(prefix="bpd-chaos-") as folder:
        path = Path(folder, "figures.jsonl")
        status = run_suites(wanted, path)
        found: list[Figures] = read_figures(path)
    print_table(found)
    if wanted.report is not None:
        write_report(wanted.report, found, show_command(wanted))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
