"""Checks for leftovers at the end of a run: blobs, artifacts, files, processes, connections."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from sqlalchemy import select, text

from service.uploads.temp_folders import incoming
from store.blobs.blobs import open_blobs
from store.blobs.orphans import MARKER
from store.broker import Broker
from store.db.database import Database
from store.db.tables import artifacts, checkpoints, datasets, jobs, models, upload_parts
from store.environment import environment_fingerprint
from store.settings import Settings
from tests.chaos.processes import Process
from workers.registry import KINDS
from workers.sweep import sweeper
from workers.sweep.sweeper import Sweeper


def sweep_at_once(database: Database, settings: Settings, broker: Broker) -> None:
    """Sweep as a worker does, but for uploads that were cut off without waiting for an hour."""
    with patch.object(sweeper, "ABANDONED_AFTER_SECONDS", 0):
        blobs = open_blobs(settings)
        environment = environment_fingerprint()
        name, is_idle = "harness", lambda: True
        Sweeper(database, blobs, broker, settings, name, environment, is_idle, KINDS).sweep(0.0)


def check_leftovers(database: Database, settings: Settings) -> list[str]:
    """Check that every stored object is referenced, and that every referenced object exists."""
    return [*_check_blobs(database, settings), *_check_artifacts(database), *_check_files(settings)]


def _check_blobs(database: Database, settings: Settings) -> list[str]:
    with database.reading() as session:
        needed = set(session.execute(select(datasets.c.blob)).scalars())
        needed |= set(session.execute(select(upload_parts.c.blob)).scalars())
        states = Counter(session.execute(select(datasets.c.state)).scalars())
    folder = Path(urlsplit(settings.blob_url).path)
    files = [path for path in folder.rglob("*") if path.is_file()]
    there = {str(path.relative_to(folder)) for path in files} - {MARKER}
    return [
        *(f"blob without a row: {name}" for name in sorted(there - needed)),
        *(f"row without a blob: {name}" for name in sorted(needed - there)),
        *(f"{count} datasets {state}" for state, count in states.items() if state != "ready"),
    ]


def _check_artifacts(database: Database) -> list[str]:
    with database.reading() as session:
        there = set(session.execute(select(artifacts.c.sha256)).scalars())
        used = set(session.execute(select(checkpoints.c.artifact)).scalars())
        used |= set(session.execute(select(models.c.artifact)).scalars())
        whose = {tuple(row) for row in session.execute(select(models.c.id, models.c.job_id))}
        named = {tuple(row) for row in session.execute(select(jobs.c.model_id, jobs.c.id))}
    complaints = [f"artifact without a reference: {sha256}" for sha256 in sorted(there - used)]
    for model_id, job_id in whose - named:
        complaints.append(f"model {model_id} of {job_id}, which does not reference it")
    return complaints


def _check_files(settings: Settings) -> list[str]:
    # Folders of a killed API are deleted when the next one starts; the last one was not killed.
    folder = incoming(settings.data_dir)
    left = sorted(folder.iterdir()) if folder.exists() else []
    return [f"left in {folder}: {path.name}" for path in left]


def check_processes(processes: Iterable[Process]) -> list[str]:
    """Check that the sessions of all processes are empty."""
    return [f"left of {process.name}: {pid}" for process in processes for pid in process.members()]


def check_connections(database: Database) -> list[str]:
    """Check that PostgreSQL has no other connection than the one of this query."""
    if database.engine.dialect.name != "postgresql":
        return []
    # Idle connections of the test's own pool do not count.
    database.close()
    query = text(
        "SELECT application_name, state FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with database.reading() as session:
        return [f"connection of {name!r}: {state}" for name, state in session.execute(query)]
