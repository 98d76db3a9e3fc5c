"""Tables and statements of the tests' kind of work: a mark per few steps, and one result per job.

The tables have no unique constraint, so that a repeated write is visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, delete, insert
from sqlalchemy.orm import Session

from store.jobs.checkpoints import Checkpoint, add_checkpoint
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord, NewJob, add_job
from store.jobs.leases import Lease
from store.jobs.progress import JobProgress, update_progress

COUNTING = "counting"
_metadata = MetaData()
marks = Table(
    "counting_marks",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(64), nullable=False),
    Column("mark", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)
results = Table(
    "counting_results",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(64), nullable=False),
    Column("steps", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)
TABLES = (marks.name, results.name)


@dataclass(frozen=True)
class Mark:
    """The digest after a number of steps; marks count from 0, like epochs."""

    mark: int
    digest: str


@dataclass(frozen=True)
class Count:
    """The result: how far the job has counted."""

    steps: int
    digest: str


def create_tables(engine: Engine) -> None:
    """Create the tables of this kind of work."""
    _metadata.create_all(engine)


def add_counting(
    session: Session, dataset_id: str, spec: dict[str, int], name: str = "count", **values: str
) -> JobRecord:
    """Create a queued job of this kind."""
    return add_job(session, NewJob(COUNTING, dataset_id, name, dict(values), dict(spec)))


def record_counting(
    session: Session,
    lease: Lease,
    progress: JobProgress,
    new_marks: Sequence[Mark],
    done: int,
    checkpoint: Checkpoint | None = None,
) -> JobRecord:
    """Store progress, marks and checkpoint; `done` is the number of marks up to here."""
    job = update_progress(session, lease, progress, has_checkpoint=checkpoint is not None)
    first = new_marks[0].mark if new_marks else done
    session.execute(delete(marks).where(marks.c.job_id == job.id, marks.c.mark >= first))
    if new_marks:
        session.execute(insert(marks), [{"job_id": job.id, **vars(mark)} for mark in new_marks])
    if checkpoint is not None:
        add_checkpoint(session, job.id, checkpoint)
    return job


def finish_counting(
    session: Session, lease: Lease, job: JobRecord, outcome: Outcome, result: Count | None
) -> JobRecord:
    """Store the result, and end a job whose row was locked by an earlier write."""
    if result is not None:
        session.execute(insert(results).values(job_id=job.id, **vars(result)))
    return finish_job(session, lease, job, outcome)
