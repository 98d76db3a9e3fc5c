"""Kinds of work: who sees, claims and sweeps a job, and what counts all kinds together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, update
from sqlalchemy.orm import Session

from store.datasets.datasets import DatasetRecord
from store.db.clock import shifted
from store.db.database import Database
from store.db.pagination import PageRequest
from store.db.tables import jobs
from store.errors import ExternalIdTakenError, LimitReachedError, NotFoundError
from store.jobs.claims import claim_job
from store.jobs.commands import (
    cancel_job,
    finish_interrupted_pauses,
    pause_job,
    resume_job,
    retry_job,
)
from store.jobs.dispatch import list_undispatched_jobs
from store.jobs.events import find_job_versions, list_events, read_log
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import (
    JobFilter,
    JobRecord,
    NewJob,
    add_job,
    find_external_job,
    find_jobs,
    get_job,
    list_jobs,
)
from store.jobs.leases import Lease, update_held_job
from store.jobs.lost import fail_lost_jobs, mark_stalled_jobs
from store.jobs.progress import JobProgress, record_progress
from store.jobs.training.checkpoints import list_training_checkpoints
from store.jobs.training.losses import list_losses
from store.jobs.training.retry import retry_training
from store.jobs.unknown_kinds import count_unknown_kinds
from store.quotas import check_unfinished_jobs
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason
from tests.schema import make_schema
from tests.store.webhooks.test_webhooks import add, delivered_types

OTHER = "other"
BOTH = (TRAINING, OTHER)
Post = Callable[..., JobRecord]
FAILED = Outcome(JobStatus.FAILED, StatusReason.INTERNAL, {"code": "internal", "message": "so"})


@pytest.fixture
def post_other(database: Database, dataset: DatasetRecord) -> Post:
    """Return a function that creates a queued job of another kind."""

    def post_other(kind: str = OTHER, **values: Any) -> JobRecord:
        with database.writing() as session:
            return add_job(session, NewJob(kind, dataset.id, "other", {}, {}, **values))

    return post_other


def claim(
    database: Database, *kinds: str, max_running: int | None = None
) -> tuple[JobRecord, Lease] | None:
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=kinds, max_running=max_running)
    return None if job is None else (job, Lease(job.id, job.token))


def claimed(database: Database, *kinds: str) -> tuple[JobRecord, Lease]:
    found = claim(database, *kinds)
    assert found is not None
    return found


LOOKUPS: dict[str, Callable[[Session, str], object]] = {
    "get": lambda session, job_id: get_job(session, job_id, TRAINING),
    "cancel": lambda session, job_id: cancel_job(session, job_id, TRAINING),
    "pause": lambda session, job_id: pause_job(session, job_id, TRAINING),
    "resume": lambda session, job_id: resume_job(session, job_id, TRAINING),
    "retry": lambda session, job_id: retry_training(session, job_id, from_start=True),
    "events": lambda session, job_id: list_events(session, job_id, TRAINING, None, 10),
    "log": lambda session, job_id: read_log(session, job_id, TRAINING, 0, 10),
    "losses": lambda session, job_id: list_losses(session, job_id, -1, 10),
    "checkpoints": list_training_checkpoints,
}


@pytest.mark.parametrize("lookup", LOOKUPS.values(), ids=LOOKUPS)
def test_job_of_another_kind_is_not_found(
    database: Database, post_other: Post, lookup: Callable[[Session, str], object]
) -> None:
    other = post_other()
    with pytest.raises(NotFoundError), database.writing() as session:
        lookup(session, other.id)
    with database.reading() as session:
        assert get_job(session, other.id, OTHER) == other


def test_lists_hold_jobs_of_one_kind(database: Database, post: Post, post_other: Post) -> None:
    training, other = post(), post_other()
    ids = [training.id, other.id]
    with database.reading() as session:
        for kind, job in ((TRAINING, training), (OTHER, other)):
            for wanted in (JobFilter(), JobFilter(statuses=[JobStatus.QUEUED])):
                assert list_jobs(session, kind, wanted, PageRequest()).items == (job,)
            assert find_jobs(session, ids, kind) == {job.id: job}
            assert list(find_job_versions(session, ids, kind)) == [job.id]


def test_external_ids_are_unique_per_kind(database: Database, post: Post, post_other: Post) -> None:
    training, other = post(external_id="mine"), post_other(external_id="mine")
    with database.reading() as session:
        assert find_external_job(session, "mine", TRAINING) == training
        assert find_external_job(session, "mine", OTHER) == other
    with pytest.raises(ExternalIdTakenError) as taken:
        post_other(external_id="mine")
    assert taken.value.job_id == other.id


def test_worker_claims_the_kinds_that_it_knows(
    database: Database, post: Post, post_other: Post
) -> None:
    other, training = post_other(priority=9), post()
    assert claim(database) is None
    assert claimed(database, TRAINING)[0].id == training.id
    assert claim(database, TRAINING) is None
    job, _ = claimed(database, *BOTH)
    assert (job.id, job.kind) == (other.id, OTHER)


def test_unknown_kind_is_left_alone_by_every_sweep(
    database: Database, post: Post, post_other: Post
) -> None:
    ids = {kind: [post_other(kind).id for _ in range(2)] for kind in (TRAINING, OTHER)}
    for _ in range(4):
        claimed(database, *BOTH)
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=shifted(-1), worker_losses=2))
        for pausing in (ids[TRAINING][0], ids[OTHER][0]):
            session.execute(update(jobs).where(jobs.c.id == pausing).values(status="pausing"))
        before = find_jobs(session, ids[OTHER], OTHER)
        running = (ids[TRAINING][1],)
        assert list_undispatched_jobs(session, KINDS, -1, 10) == running
        assert set(mark_stalled_jobs(session, KINDS)) == set(ids[TRAINING])
        assert finish_interrupted_pauses(session, KINDS) == (ids[TRAINING][0],)
        assert fail_lost_jobs(session, KINDS, 3) == running
        assert find_jobs(session, ids[OTHER], OTHER) == before
        assert count_unknown_kinds(session, KINDS) == {OTHER: 2}
        assert count_unknown_kinds(session, BOTH) == {}


def test_ended_jobs_of_unknown_kinds_are_not_reported(database: Database, post_other: Post) -> None:
    ended = [post_other(), post_other("third")]
    post_other("third")
    with database.writing() as session:
        for job in ended:
            cancel_job(session, job.id, job.kind)
        assert count_unknown_kinds(session, KINDS) == {"third": 1}


def test_running_jobs_of_all_kinds_count_for_the_limit_of_an_owner(
    database: Database, post: Post, post_other: Post
) -> None:
    post_other()
    post()
    claimed(database, OTHER)
    assert claim(database, TRAINING, max_running=1) is None
    assert claim(database, TRAINING, max_running=2) is not None


def test_unfinished_jobs_of_all_kinds_count_for_the_quota(
    database: Database, post: Post, post_other: Post
) -> None:
    post_other()
    post()
    with database.writing() as session:
        check_unfinished_jobs(session, 3)
        with pytest.raises(LimitReachedError):
            check_unfinished_jobs(session, 2)


def test_owners_are_served_in_turn_whatever_the_kind(
    database: Database, post: Post, post_other: Post
) -> None:
    post_other(owner="many")
    claimed(database, OTHER)
    many, one = post(owner="many"), post(owner="one")
    assert [claimed(database, TRAINING)[0].id for _ in range(2)] == [one.id, many.id]


def test_webhook_of_all_jobs_names_the_other_kind(
    database: Database, post: Post, post_other: Post
) -> None:
    webhook = add(database, events=["created", "failed"])
    post()
    post_other()
    _, lease = claimed(database, OTHER)
    with database.writing() as session:
        finish_job(session, lease, update_held_job(session, lease), FAILED)
    assert delivered_types(database, webhook) == ["job.created", "other.created", "other.failed"]


def test_retry_from_the_start_resets_what_every_kind_has(
    database: Database, post_other: Post
) -> None:
    post_other()
    job, lease = claimed(database, OTHER)
    progress = JobProgress(7, 1.0, 2.0, 3.0, {"numpy": "1"}, exact=False)
    with database.writing() as session:
        failed = record_progress(session, lease, progress)
        finish_job(session, lease, failed, FAILED)
        again = retry_job(session, job.id, OTHER, from_start=True)
    assert (again.status, again.attempt, again.steps) == (JobStatus.QUEUED, 2, 0)
    assert (again.preparing_seconds, again.training_seconds, again.saving_seconds) == (0, 0, 0)
    assert (again.environment, again.exact) == (None, True)


def test_claim_on_sqlite_does_not_read_past_jobs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plan.sqlite3'}"
    make_schema(url)
    database = Database(url)
    statements: list[tuple[str, Any]] = []

    def keep(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", keep)
    claim(database, TRAINING, max_running=4)
    statement, values = next(pair for pair in statements if "FROM jobs" in pair[0])
    with database.reading() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        steps = [row[-1] for row in plan]
    reading = [step for step in steps if step.startswith(("SEARCH jobs", "SCAN jobs"))]
    assert reading
    assert all(step.endswith("ix_jobs_status (status=? AND kind=?)") for step in reading), steps
    database.close()
