"""Jobs about a training: required environment, index, and the end of those that lost workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from store.db.clock import shifted
from store.db.database import Database
from store.db.pagination import PageRequest
from store.db.tables import checkpoints, jobs
from store.jobs.checkpoints import Checkpoint
from store.jobs.claims import claim_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.lost import fail_lost_jobs
from store.jobs.progress import JobProgress, record_progress
from store.jobs.subjects import add_job_about, list_jobs_about
from store.statuses import EXPLANATION, KINDS, REPLAY
from tests.schema import make_schema

Post = Callable[..., JobRecord]


def claim(database: Database, environment: str | None) -> JobRecord | None:
    with database.writing() as session:
        return claim_job(session, "w", 20, 3, kinds=KINDS, environment=environment)


def add_about(database: Database, subject: JobRecord, kind: str = REPLAY, **columns: str) -> str:
    with database.writing() as session:
        return add_job_about(session, kind, subject, columns, priority=1).id


def test_job_is_claimed_in_the_environment_that_it_requires(database: Database, post: Post) -> None:
    subject = post()
    about = add_about(database, subject, required_environment="a" * 64)
    for environment in (None, "b" * 64):
        found = claim(database, environment)
        assert (found and found.id) in {subject.id, None}
    found = claim(database, "a" * 64)
    assert found is not None
    assert found.id == about


def test_job_about_a_training_has_its_spec_and_its_dataset(database: Database, post: Post) -> None:
    subject = post()
    with database.writing() as session:
        about = add_job_about(session, EXPLANATION, subject, {}, priority=5)
    same = ("owner", "name", "dataset_id", "dataset_sha256", "spec", "spec_version", "start_from")
    assert [getattr(about, name) for name in same] == [getattr(subject, name) for name in same]
    assert (about.kind, about.subject_id, about.priority) == (EXPLANATION, subject.id, 5)


@pytest.mark.parametrize("is_about", [True, False])
def test_job_that_lost_its_workers_leaves_a_checkpoint_only_if_it_can_be_retried(
    database: Database, post: Post, is_about: bool
) -> None:
    subject = post()
    if is_about:
        add_about(database, subject)
    job = claim(database, None)
    assert job is not None
    assert (job.subject_id is not None) == is_about
    with database.writing() as session:
        record_progress(session, Lease(job.id, job.token), JobProgress(1), Checkpoint(1, {}, b"x"))
        expired = {"lease_expires_at": shifted(-1), "worker_losses": 3}
        session.execute(update(jobs).where(jobs.c.id == job.id).values(expired))
    with database.writing() as session:
        assert fail_lost_jobs(session, KINDS, 3) == (job.id,)
        kept = session.execute(select(checkpoints.c.job_id)).scalars().all()
    assert kept == ([] if is_about else [job.id])


def test_lists_read_the_index_of_subjects(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plan.sqlite3'}"
    make_schema(url)
    database = Database(url)
    statements: list[tuple[str, Any]] = []

    def keep(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", keep)
    for subject_id in ("job_1", None):
        statements.clear()
        with database.reading() as session:
            list_jobs_about(session, REPLAY, subject_id, PageRequest(10))
            statement, values = next(pair for pair in statements if "FROM jobs" in pair[0])
            connection = session.connection()
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [row[-1] for row in plan]
        assert any("ix_jobs_subject_id" in step for step in steps), steps
    database.close()
