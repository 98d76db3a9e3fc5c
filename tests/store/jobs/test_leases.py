"""Leases, on all databases: which worker may write to a job, and until when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update

from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import jobs
from store.errors import LeaseLostError
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job
from store.jobs.dispatch import list_undispatched_jobs, mark_dispatched
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease, find_held_status, release_job, renew_lease, update_held_job
from store.jobs.lost import fail_lost_jobs
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.finish import finish_training
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.jobs.transitions import list_transitions
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason

Post = Callable[..., JobRecord]


def claim(database: Database, worker: str = "w", lease_seconds: float = 20) -> JobRecord | None:
    with database.writing() as session:
        return claim_job(session, worker, lease_seconds, max_worker_losses=3, kinds=KINDS)


def claimed(database: Database) -> tuple[JobRecord, Lease]:
    job = claim(database)
    assert job is not None
    return job, Lease(job.id, job.token)


def expire(database: Database, job_id: str) -> None:
    """Expire the lease without waiting."""
    with database.writing() as session:
        session.execute(
            update(jobs).where(jobs.c.id == job_id).values(lease_expires_at=shifted(-1))
        )


def test_nothing_to_claim_is_none(database: Database) -> None:
    assert claim(database) is None


def test_claim_leases_the_job_and_records_the_transition(database: Database, post: Post) -> None:
    posted = post()
    job, _ = claimed(database)
    assert (job.id, job.status, job.token, job.attempt) == (posted.id, JobStatus.RUNNING, 1, 1)
    assert job.started_at is not None
    with database.reading() as session:
        states = [transition.status for transition in list_transitions(session, job.id)[job.id]]
    assert states == [JobStatus.QUEUED, JobStatus.RUNNING]


def test_second_claim_is_refused(database: Database, post: Post) -> None:
    post()
    claimed(database)
    assert claim(database) is None


def test_parallel_claims_give_each_job_once(database: Database, post: Post) -> None:
    posted = {post().id for _ in range(8)}
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda _: claim(database), range(16)))
    assert sorted(job.id for job in won if job) == sorted(posted)


def test_higher_priority_is_claimed_before_older_jobs(database: Database, post: Post) -> None:
    post(name="old")
    post(name="urgent", priority=5)
    assert claimed(database)[0].name == "urgent"


def test_owner_served_longest_ago_is_claimed_first(database: Database, post: Post) -> None:
    for _ in range(3):
        post(owner="many")
    post(owner="one")
    assert [claimed(database)[0].owner for _ in range(4)] == ["many", "one", "many", "many"]


def test_released_job_continues_in_the_same_attempt(database: Database, post: Post) -> None:
    post()
    _, lease = claimed(database)
    with database.writing() as session:
        release_job(session, lease)
    job, _ = claimed(database)
    assert (job.attempt, job.token, job.worker_losses) == (1, 2, 0)


def test_expired_lease_is_claimed_as_a_new_attempt(database: Database, post: Post) -> None:
    post()
    job, _ = claimed(database)
    expire(database, job.id)
    again, _ = claimed(database)
    assert (again.id, again.attempt, again.token, again.worker_losses) == (job.id, 2, 2, 1)


def test_stale_token_cannot_write(database: Database, post: Post) -> None:
    post()
    job, stale = claimed(database)
    expire(database, job.id)
    claimed(database)
    with pytest.raises(LeaseLostError), database.writing() as session:
        update_held_job(session, stale, {"epoch": 99})
    with pytest.raises(LeaseLostError), database.writing() as session:
        renew_lease(session, stale, 20)
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING).epoch == 0
        assert find_held_status(session, stale) is None


def test_job_with_a_renewed_lease_is_not_claimed(database: Database, post: Post) -> None:
    post()
    job, lease = claimed(database)
    expire(database, job.id)
    with database.writing() as session:
        assert renew_lease(session, lease, 20) is JobStatus.RUNNING
    assert claim(database) is None


def test_finished_job_is_never_claimed_again(database: Database, post: Post) -> None:
    post()
    _, lease = claimed(database)
    with database.writing() as session:
        finish_training(session, lease, Outcome(JobStatus.SUCCEEDED, StatusReason.COMPLETED))
    assert claim(database) is None
    with pytest.raises(LeaseLostError), database.writing() as session:
        finish_training(session, lease, Outcome(JobStatus.FAILED, StatusReason.INTERNAL))


def test_confirmed_cancel_takes_precedence_over_success(database: Database, post: Post) -> None:
    job = post()
    _, lease = claimed(database)
    with database.writing() as session:
        assert cancel_job(session, job.id, TRAINING).status is JobStatus.CANCELLING
    with database.writing() as session:
        ended = finish_training(
            session, lease, Outcome(JobStatus.SUCCEEDED, StatusReason.COMPLETED)
        )
    assert (ended.status, ended.status_reason) == (JobStatus.CANCELLED, StatusReason.USER)


def test_cancelling_job_between_slices_is_claimed(database: Database, post: Post) -> None:
    job = post()
    _, lease = claimed(database)
    with database.writing() as session:
        release_job(session, lease)
        cancel_job(session, job.id, TRAINING)
    assert claimed(database)[0].status is JobStatus.CANCELLING


def test_job_that_kills_three_workers_fails(database: Database, post: Post) -> None:
    posted = post()
    for _ in range(3):
        claimed(database)
        expire(database, posted.id)
    assert claim(database) is None
    with database.writing() as session:
        assert fail_lost_jobs(session, KINDS, max_worker_losses=3) == (posted.id,)
    with database.reading() as session:
        job = get_job(session, posted.id, TRAINING)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.WORKER_LOST)
    assert job.error is not None
    assert job.token == 4


def test_checkpoint_resets_the_worker_losses(database: Database, post: Post) -> None:
    posted = post()
    for steps in range(1, 5):
        _, lease = claimed(database)
        checkpoint = TrainingCheckpoint(epoch=0, steps=steps, numbers={}, data=b"x" * steps)
        with database.writing() as session:
            record_training_progress(session, lease, TrainingProgress(), (), checkpoint)
        expire(database, posted.id)
    assert claim(database) is not None


def test_undispatched_job_is_found(database: Database, post: Post) -> None:
    job = post()
    with database.writing() as session:
        assert list_undispatched_jobs(session, KINDS, redispatch_seconds=-1, limit=10) == (job.id,)
        mark_dispatched(session, (job.id,))
        assert list_undispatched_jobs(session, KINDS, redispatch_seconds=60, limit=10) == ()


def test_released_lease_cannot_write(database: Database, post: Post) -> None:
    """The last heartbeat of a slice may overlap with the release of the job."""
    post()
    _, lease = claimed(database)
    with database.writing() as session:
        release_job(session, lease)
    with database.writing() as session, pytest.raises(LeaseLostError):
        renew_lease(session, lease, 20)
    with database.reading() as session:
        assert find_held_status(session, lease) is None
