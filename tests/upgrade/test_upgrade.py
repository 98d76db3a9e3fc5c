"""A data folder of commit 18b92b1 goes through every migration, and its jobs reach their end.

Each test takes about five seconds, half of them imports: NumPy and OpenBLAS read their variables
when they are loaded, so the jobs are trained in a process of their own.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import JSON, MetaData, Table, insert, select, text
from sqlalchemy.engine import Connection

from store.db.database import Database
from store.db.migrate import _config
from store.settings import PREFIX
from tests.upgrade.environment import VARIABLES

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RECORDED: dict[str, Any] = json.loads((HERE / "18b92b1.json").read_text(encoding="utf-8"))
STATUSES = {
    "finished": "succeeded",
    "killed": "running",
    "killed in folds": "running",
    "paused": "paused",
    "queued": "queued",
    "continued": "queued",
}
SHOW_ENVIRONMENT = """
import json
from tests.upgrade.environment import describe_environment
print(json.dumps(describe_environment()))
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the data folder."""
    with tarfile.open(HERE / "18b92b1.tar.xz") as archive:
        archive.extractall(tmp_path / "data", filter="data")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def has_recorded_environment() -> bool:
    """Whether trainings on this machine must have the recorded bits."""
    found = json.loads(run_python("-c", SHOW_ENVIRONMENT))
    decisive = RECORDED["environment"].keys()
    return all(found.get(name) == RECORDED["environment"][name] for name in decisive)


def run_python(*arguments: str) -> str:
    """Run Python with the processor's features that the results were recorded with."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**inherited, **VARIABLES},
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    ).stdout


def finish_jobs(data: Path, *url: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        run_python("-m", "tests.upgrade.finish_jobs", str(data), *url)
    )
    return found


def check_jobs(found: dict[str, Any], *, has_recorded_environment: bool) -> None:
    """Check that every job ended, and in the bits of an undisturbed run."""
    assert {name: job["status_before"] for name, job in found.items()} == STATUSES
    assert {job["status"] for job in found.values()} == {"succeeded"}
    for name, job in found.items():
        assert job["exact"] is not job["crossed_environments"], name
    results = {name: job["results"] for name, job in found.items()}
    if not has_recorded_environment:
        pytest.skip(f"other bits than those of {RECORDED['environment']}")
    assert _without_changed_bits(results) == _without_changed_bits(RECORDED["jobs"])
    losses, recorded = (jobs["killed"]["losses"] for jobs in (results, RECORDED["jobs"]))
    for epoch, expected in zip(losses, recorded, strict=True):
        assert epoch == pytest.approx(expected, rel=1e-7)


def _without_changed_bits(results: dict[str, Any]) -> dict[str, Any]:
    """Return the results without what other bits of the engine (NUMERICS 2) changed.

    Clipping by norm lost its epsilon, which changes the weights in their last digits; the
    validation loss of weighted rows is a weighted mean.
    """
    clipped = {k: v for k, v in results["killed"].items() if k not in {"losses", "weights_sha256"}}
    folds = results["killed in folds"]
    metrics = {k: v for k, v in folds["cross_validation"]["metrics"].items() if k != "loss"}
    summary = {**folds["cross_validation"], "metrics": metrics}
    return {
        **results,
        "killed": clipped,
        "killed in folds": {**folds, "cross_validation": summary},
    }


def test_jobs_of_an_earlier_commit_end_in_their_bits(
    data: Path, has_recorded_environment: bool
) -> None:
    check_jobs(finish_jobs(data), has_recorded_environment=has_recorded_environment)


@pytest.mark.rare
def test_jobs_of_an_earlier_commit_end_on_postgresql(
    data: Path, postgres_database_url: str, has_recorded_environment: bool
) -> None:
    copy_rows(f"sqlite:///{data / 'backpropd.sqlite3'}", postgres_database_url)
    found = finish_jobs(data, postgres_database_url)
    check_jobs(found, has_recorded_environment=has_recorded_environment)


def copy_rows(source_url: str, target_url: str) -> None:
    """Copy the rows of a database at schema 0004 into an empty one."""
    source, target = Database(source_url), Database(target_url)
    with source.reading() as reading, target.writing() as writing:
        command.upgrade(_config(writing.connection()), "0004")
        tables = MetaData()
        tables.reflect(reading.connection())
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                copy_table(table, reading.connection(), writing.connection())
    source.close()
    target.close()


def copy_table(table: Table, source: Connection, target: Connection) -> None:
    for column in table.columns:
        if isinstance(column.type, JSON):
            column.type = JSON(none_as_null=True)
    rows = source.execute(select(table)).mappings().all()
    if rows:
        target.execute(insert(table), [dict(row) for row in rows])
    if table.name in {"events", "transitions"}:
        serial = f"pg_get_serial_sequence('{table.name}', 'id')"
        target.execute(text(f"SELECT setval({serial}, (SELECT max(id) FROM {table.name}))"))
