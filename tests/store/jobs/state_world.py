"""An in-memory store with a controlled clock, for the model-based test."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import StaticPool

from store.datasets.datasets import Contents, publish_dataset, receive_dataset
from store.db.tables import metadata
from store.statuses import TRAINING
from tests.store.jobs.state_model import ALLOWED, TERMINAL, ModelJob
from tests.work.counting_store import TABLES, create_tables

START = 1_700_000_000_000
UNIX_EPOCH_AS_JULIAN_DAY = 2_440_587.5
DAY = 86_400_000

# In the order of ModelJob.row.
_ROWS = """
    SELECT id, kind, status, status_reason, token, attempt, worker_losses, lease_expires_at,
        started_at, claimed_at, dispatched_at, stalled_at, finished_at, epoch, steps, environment,
        exact,
        (SELECT count(*) FROM models WHERE job_id = jobs.id)
            + (SELECT count(*) FROM counting_results WHERE job_id = jobs.id),
        (SELECT count(*) FROM transitions WHERE job_id = jobs.id),
        (SELECT count(*) FROM events WHERE job_id = jobs.id),
        (SELECT count(*) FROM losses WHERE job_id = jobs.id)
            + (SELECT count(*) FROM counting_marks WHERE job_id = jobs.id),
        (SELECT count(*) FROM checkpoints WHERE job_id = jobs.id)
    FROM jobs ORDER BY id"""
_UNUSED_ARTIFACTS = """
    SELECT count(*) FROM artifacts WHERE sha256 NOT IN
        (SELECT artifact FROM checkpoints UNION SELECT artifact FROM models)"""
_ORPHANED_CHUNKS = """
    SELECT count(*) FROM artifact_chunks WHERE sha256 NOT IN (SELECT sha256 FROM artifacts)"""
_CHANGING = (
    *("events", "transitions", "losses", "checkpoints", "models"),
    *("artifact_chunks", "artifacts", "jobs", *TABLES),
)


class _DeathError(Exception):
    """The process crashes before its commit."""


class World:
    """A database with one dataset, created once and cleared between runs."""

    def __init__(self) -> None:
        self.now = START
        self._engine = self._make_engine()
        self._sessions = sessionmaker(self._engine, expire_on_commit=False)
        self._raw: Any = self._engine.raw_connection().driver_connection
        with self.writing() as session:
            self.dataset_id = receive_dataset(session, "points")
            publish_dataset(session, self.dataset_id, Contents(3, 12, "a" * 64, ()))

    def _make_engine(self) -> Engine:
        engine = create_engine("sqlite://", poolclass=StaticPool)
        event.listen(engine, "connect", self._configure)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        metadata.create_all(engine)
        create_tables(engine)
        return engine

    def _configure(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        # `store.db.clock.now` reads SQLite's clock through this function.
        connection.create_function(
            "julianday", 1, lambda _: UNIX_EPOCH_AS_JULIAN_DAY + self.now / DAY
        )

    @contextmanager
    def writing(self, *, dies: bool = False) -> Iterator[Session]:
        """Run a transaction of a process that may crash before the commit."""
        with suppress(_DeathError), self._sessions.begin() as session:
            yield session
            if dies:
                raise _DeathError

    def clear(self) -> None:
        """Delete everything except the dataset."""
        self.now = START
        for table in _CHANGING:
            self._raw.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        self._raw.close()
        self._engine.dispose()

    def check_rows(self, jobs: Iterable[ModelJob]) -> None:
        """Check the rows of all jobs; fast enough for every step."""
        wanted = [job.row() for job in sorted(jobs, key=lambda job: job.id)]
        found = self._raw.execute(_ROWS).fetchall()
        assert found == wanted, _first_difference(found, wanted)

    def check_histories(self, jobs: Iterable[ModelJob]) -> None:
        """Check histories, losses and checkpoints of all jobs, and that no artifacts are left."""
        for job in jobs:
            self._check_statuses(job)
            self._check_events(job)
            self._check_training(job)
        assert self._fetch(_UNUSED_ARTIFACTS) == [(0,)], "an unreferenced artifact"
        assert self._fetch(_ORPHANED_CHUNKS) == [(0,)], "a chunk without artifact"

    def _check_statuses(self, job: ModelJob) -> None:
        query = "SELECT status FROM transitions WHERE job_id = ? ORDER BY id"
        statuses = [status for (status,) in self._fetch(query, job.id)]
        assert statuses == job.statuses
        for before, after in pairwise(statuses):
            assert after in ALLOWED[before], f"{before} → {after}"
        retries = job.events.count("retried")
        ends = [status for status in statuses if status in TERMINAL]
        assert len(ends) - int(job.status in TERMINAL) == retries, f"ends: {ends}"

    def _check_events(self, job: ModelJob) -> None:
        query = "SELECT type FROM events WHERE job_id = ? ORDER BY id"
        types = [type_ for (type_,) in self._fetch(query, job.id)]
        assert types == job.events
        assert types[0] == "created"
        assert types.count("created") == 1
        assert job.token >= types.count("claimed") + types.count("rescued")

    def _check_training(self, job: ModelJob) -> None:
        if job.kind == TRAINING:
            query = "SELECT epoch, loss FROM losses WHERE job_id = ? ORDER BY 1"
        else:
            query = (
                "SELECT mark, CAST(digest AS REAL) FROM counting_marks WHERE job_id = ? ORDER BY id"
            )
        losses = self._fetch(query, job.id)
        assert losses == [(epoch, job.loss(epoch)) for epoch in range(job.losses)]
        kept = self._fetch("SELECT steps, epoch FROM checkpoints WHERE job_id = ?", job.id)
        assert dict(kept) == {
            steps: job.shown_epoch(epoch) for steps, epoch in job.checkpoints.items()
        }

    def _fetch(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._raw.execute(query, values).fetchall()
        return rows


def _first_difference(found: list[Any], wanted: list[Any]) -> str:
    for here, there in zip(found, wanted, strict=False):
        if here != there:
            return f"found  {here}\nwanted {there}"
    return f"{len(found)} jobs, not {len(wanted)}"
