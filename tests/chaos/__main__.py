"""`./run chaos`: run the suites at full size, print a table of their figures, write a report.

Each suite is a pytest test; environment variables select its full size.
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
# Tests of the harness itself, run by `./run test`.
NO_SUITES = frozenset({"checker", "witness", "report"})


def find_suites() -> list[str]:
    """Return the names of all suites."""
    found = (path.stem.removeprefix("test_") for path in FOLDER.glob("test_*.py"))
    return sorted(set(found) - NO_SUITES)


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="seed of all random choices")
    parser.add_argument(
        "--kills", type=int, default=200, help="number of worker kills; other suites scale with it"
    )
    parser.add_argument(
        "--database",
        choices=(*get_args(DatabaseKind), "both"),
        default="both",
        help="database to run on",
    )
    parser.add_argument(
        "--suite", action="append", choices=find_suites(), help="may be repeated; default: all"
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="Markdown file for the report (relative to the project); its marked section if any",
    )
    found = parser.parse_args(arguments)
    if found.kills < 1:
        parser.error("--kills must be at least 1")
    return found


def show_command(wanted: argparse.Namespace) -> str:
    """Return the command that repeats this run."""
    suites = "".join(f" --suite {suite}" for suite in wanted.suite or ())
    return (
        f"./run chaos --seed {wanted.seed} --kills {wanted.kills} --database {wanted.database}"
        f"{suites}"
    )


def run_suites(wanted: argparse.Namespace, figures: Path) -> int:
    """Run the suites with pytest and return its exit status."""
    kinds = get_args(DatabaseKind) if wanted.database == "both" else (wanted.database,)
    environment = {
        SEED_VARIABLE: str(wanted.seed),
        KILLS_VARIABLE: str(wanted.kills),
        DATABASES_VARIABLE: ",".join(kinds),
        VARIABLE: str(figures),
    }
    suites = [str(FOLDER / f"test_{suite}.py") for suite in wanted.suite or find_suites()]
    # Sequentially, because one suite already loads the processor.
    command = [sys.executable, "-m", "pytest", "-n0", "-v", "--tb=short", *suites]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
    return done.returncode


def main(arguments: list[str]) -> int:
    """Run the suites, print the table, and write the report if requested."""
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
