"""Client commands on jobs: precedence, rejection, and what is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import artifacts, events, jobs
from store.errors import IllegalTransitionError, LeaseLostError, NotFoundError
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job, finish_interrupted_pauses, pause_job, resume_job
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease, pause_held_job, release_job, renew_lease
from store.jobs.lost import fail_lost_jobs, mark_stalled_jobs
from store.jobs.training.checkpoints import TrainingCheckpoint, list_training_checkpoints
from store.jobs.training.finish import finish_training
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.jobs.training.retry import retry_training
from store.jobs.transitions import list_transitions
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason

Post = Callable[..., JobRecord]
FAILURE = Outcome(
    JobStatus.FAILED, StatusReason.INTERNAL, error={"code": "internal", "message": "no"}
)


def claim(database: Database, **options: Any) -> JobRecord | None:
    with database.writing() as session:
        return claim_job(session, "w1", 20, 3, **options, kinds=KINDS)


def claimed(database: Database) -> Lease:
    job = claim(database)
    assert job is not None
    return Lease(job.id, job.token)


def lose_lease(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=shifted(-1)))


def checkpoint(steps: int, score: float | None = None) -> TrainingCheckpoint:
    return TrainingCheckpoint(steps, {}, b"%d" % steps, score, epoch=steps // 8)


def report(database: Database, lease: Lease, *checkpoints: TrainingCheckpoint) -> None:
    with database.writing() as session:
        for new in checkpoints:
            progress = TrainingProgress(epoch=new.epoch, steps=new.steps, rows={"training": 8})
            loss = LossRecord(max(new.epoch - 1, 0), 0.5, None, {}, 0.1, 1.0, 0.1)
            record_training_progress(session, lease, progress, [loss], new)


def change(database: Database, command: Callable[..., JobRecord], job_id: str) -> JobRecord:
    with database.writing() as session:
        return command(session, job_id, TRAINING)


def retry(database: Database, job_id: str, *, from_start: bool) -> JobRecord:
    with database.writing() as session:
        return retry_training(session, job_id, from_start=from_start)


def fail(database: Database, lease: Lease) -> None:
    with database.writing() as session:
        finish_training(session, lease, FAILURE)


def statuses(database: Database, job_id: str) -> list[JobStatus]:
    with database.reading() as session:
        return [found.status for found in list_transitions(session, job_id)[job_id]]


def event_types(database: Database, job_id: str) -> list[str]:
    with database.reading() as session:
        query = select(events.c.type).where(events.c.job_id == job_id).order_by(events.c.id)
        return list(session.execute(query).scalars())


def test_queued_job_is_paused_at_once_and_not_claimed(database: Database, post: Post) -> None:
    job = post()
    assert change(database, pause_job, job.id).status is JobStatus.PAUSED
    assert claim(database) is None
    assert change(database, resume_job, job.id).status is JobStatus.QUEUED
    again = claim(database)
    assert again is not None
    assert (again.id, again.attempt, again.status_reason) == (job.id, 1, None)


def test_running_job_is_paused_by_its_worker(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    assert change(database, pause_job, job.id).status is JobStatus.PAUSING
    with database.writing() as session:
        assert renew_lease(session, lease, 20) is JobStatus.PAUSING
        assert pause_held_job(session, lease)
    assert statuses(database, job.id) == ["queued", "running", "pausing", "paused"]
    with database.writing() as session, pytest.raises(LeaseLostError):
        renew_lease(session, lease, 20)


def test_cancel_takes_precedence_over_a_pause_in_progress(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    change(database, pause_job, job.id)
    assert change(database, cancel_job, job.id).status is JobStatus.CANCELLING
    with database.writing() as session:
        assert not pause_held_job(session, lease)
    assert statuses(database, job.id)[-1] == "cancelling"


def test_job_between_two_slices_is_paused_at_once(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    with database.writing() as session:
        release_job(session, lease)
    assert change(database, pause_job, job.id).status is JobStatus.PAUSED
    assert claim(database) is None


def test_orphan_is_paused_at_once_and_its_worker_cannot_write(
    database: Database, post: Post
) -> None:
    job = post()
    lease = claimed(database)
    lose_lease(database)
    assert change(database, pause_job, job.id).status is JobStatus.PAUSED
    change(database, resume_job, job.id)
    with database.writing() as session, pytest.raises(LeaseLostError):
        renew_lease(session, lease, 20)


def test_pause_of_a_lost_worker_is_finished_by_a_sweep(database: Database, post: Post) -> None:
    job = post()
    claimed(database)
    change(database, pause_job, job.id)
    lose_lease(database)
    assert claim(database) is None
    with database.writing() as session:
        assert finish_interrupted_pauses(session, KINDS) == (job.id,)
        assert finish_interrupted_pauses(session, KINDS) == ()
    assert change(database, resume_job, job.id).status is JobStatus.QUEUED


def test_resume_keeps_the_attempt_and_a_rescue_starts_another(
    database: Database, post: Post
) -> None:
    job = post()
    lease = claimed(database)
    change(database, pause_job, job.id)
    with database.writing() as session:
        pause_held_job(session, lease)
    change(database, resume_job, job.id)
    again = claim(database)
    assert again is not None
    assert again.attempt == 1
    lose_lease(database)
    rescued = claim(database)
    assert rescued is not None
    assert rescued.attempt == 2


def test_cancel_of_a_paused_job_with_a_checkpoint_is_left_to_a_worker(
    database: Database, post: Post
) -> None:
    job = post()
    lease = claimed(database)
    report(database, lease, checkpoint(8))
    change(database, pause_job, job.id)
    with database.writing() as session:
        pause_held_job(session, lease)
    assert change(database, cancel_job, job.id).status is JobStatus.CANCELLING
    taken = claim(database)
    assert taken is not None
    assert (taken.id, taken.status) == (job.id, JobStatus.CANCELLING)


def test_paused_job_without_a_checkpoint_is_cancelled_at_once(
    database: Database, post: Post
) -> None:
    job = post()
    change(database, pause_job, job.id)
    assert change(database, cancel_job, job.id).status is JobStatus.CANCELLED


def test_retry_resumes_from_the_last_checkpoint(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    report(database, lease, checkpoint(8))
    fail(database, lease)
    again = retry(database, job.id, from_start=False)
    assert (again.status, again.attempt, again.steps) == (JobStatus.QUEUED, 2, 8)
    assert again.rows == {"training": 8}
    assert (again.error, again.finished_at, again.status_reason) == (None, None, None)
    taken = claim(database)
    assert taken is not None
    assert taken.attempt == 2
    with database.reading() as session:
        assert len(list_training_checkpoints(session, job.id)) == 1


def test_retry_from_the_start_deletes_checkpoints_and_losses(
    database: Database, post: Post
) -> None:
    job = post()
    lease = claimed(database)
    report(database, lease, checkpoint(8))
    fail(database, lease)
    again = retry(database, job.id, from_start=True)
    assert (again.steps, again.epoch, again.attempt, again.rows) == (0, 0, 2, None)
    with database.reading() as session:
        assert list_training_checkpoints(session, job.id) == ()
        assert list_losses(session, job.id, -1, 10).epochs == ()
        assert session.execute(select(artifacts.c.sha256)).all() == []


@pytest.mark.parametrize("command", [pause_job, resume_job, cancel_job])
def test_commands_on_an_ended_job_are_refused(
    database: Database, post: Post, command: Callable[..., JobRecord]
) -> None:
    job = post()
    fail(database, claimed(database))
    with pytest.raises(IllegalTransitionError, match="failed"):
        change(database, command, job.id)
    assert statuses(database, job.id) == ["queued", "running", "failed"]


@pytest.mark.parametrize("ended", [JobStatus.SUCCEEDED, JobStatus.CANCELLED])
def test_only_a_failed_job_can_be_retried(database: Database, post: Post, ended: JobStatus) -> None:
    job = post()
    lease = claimed(database)
    with database.writing() as session:
        finish_training(session, lease, Outcome(ended, StatusReason.COMPLETED))  # type: ignore[arg-type]
    with pytest.raises(IllegalTransitionError, match=str(ended)):
        retry(database, job.id, from_start=False)


@pytest.mark.parametrize(
    "command", [resume_job, lambda s, j, _: retry_training(s, j, from_start=True)]
)
def test_running_job_cannot_be_resumed_or_retried(
    database: Database, post: Post, command: Callable[..., JobRecord]
) -> None:
    job = post()
    claimed(database)
    with pytest.raises(IllegalTransitionError, match="running"):
        change(database, command, job.id)


@pytest.mark.parametrize("command", [pause_job, resume_job, cancel_job])
def test_unknown_job_is_not_found(database: Database, command: Callable[..., JobRecord]) -> None:
    with pytest.raises(NotFoundError):
        change(database, command, "job_1")


def test_pause_and_cancel_are_idempotent(database: Database, post: Post) -> None:
    job = post()
    claimed(database)
    for _ in range(2):
        assert change(database, pause_job, job.id).status is JobStatus.PAUSING
    for _ in range(2):
        assert change(database, cancel_job, job.id).status is JobStatus.CANCELLING
    assert statuses(database, job.id) == ["queued", "running", "pausing", "cancelling"]


def test_the_last_two_checkpoints_and_the_best_are_kept(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    scores = {8: 0.5, 16: 0.2, 24: 0.4, 32: 0.2, 40: None, 48: 0.3}
    report(database, lease, *(checkpoint(steps, score) for steps, score in scores.items()))
    with database.reading() as session:
        assert [kept.steps for kept in list_training_checkpoints(session, job.id)] == [16, 40, 48]
        assert len(session.execute(select(artifacts.c.sha256)).all()) == 3


def test_repeated_checkpoint_replaces_the_first_and_later_ones(
    database: Database, post: Post
) -> None:
    job = post()
    lease = claimed(database)
    report(database, lease, checkpoint(8), checkpoint(16))
    other = TrainingCheckpoint(8, {}, b"other", epoch=1)
    report(database, lease, other)
    with database.reading() as session:
        assert [kept.steps for kept in list_training_checkpoints(session, job.id)] == [8]
        assert len(session.execute(select(artifacts.c.sha256)).all()) == 1


def test_stalled_job_is_reported_once_and_rescued(database: Database, post: Post) -> None:
    job = post()
    claimed(database)
    lose_lease(database)
    with database.writing() as session:
        assert mark_stalled_jobs(session, KINDS) == (job.id,)
        assert mark_stalled_jobs(session, KINDS) == ()
    claim(database)
    assert event_types(database, job.id) == ["created", "claimed", "stalled", "rescued"]
    with database.reading() as session:
        assert get_job(session, job.id, TRAINING).stalled_at is None


def test_epoch_and_improvement_are_recorded_as_events(database: Database, post: Post) -> None:
    job = post()
    lease = claimed(database)
    losses = [LossRecord(epoch, 0.5, 0.4, {"m": [[1.0]]}, 0.1, 1.0, 0.1) for epoch in range(3)]
    progress = TrainingProgress(epoch=3, steps=24, epochs_since_best=1, best_metrics={"loss": 0.5})
    with database.writing() as session:
        record_training_progress(session, lease, progress, losses)
    with database.reading() as session:
        query = select(events.c.type, events.c.data).order_by(events.c.id)
        recorded = session.execute(query.where(events.c.job_id == job.id)).all()[2:]
    assert [kind for kind, _ in recorded] == ["epoch", "improved"]
    latest, best = (data for _, data in recorded)
    assert (latest["epoch"], latest["epochs"], latest["metrics"]) == (2, 3, {})
    assert best == {"epoch": 1, "metrics": {"loss": 0.5}}


def test_progress_of_folds_is_recorded_as_an_event(database: Database, post: Post) -> None:
    job = post(spec={"epochs": 2, "validation": {"folds": 5}})
    lease = claimed(database)
    with database.writing() as session:
        record_training_progress(
            session, lease, TrainingProgress(epoch=1, steps=40, folds_done=3), ()
        )
    assert event_types(database, job.id) == ["created", "claimed", "fold"]


def test_a_thousand_jobs_of_one_owner_delay_another_by_one_slice(
    database: Database, post: Post
) -> None:
    for _ in range(5):
        post(owner="busy")
    first = claim(database)
    other = post(owner="other")
    second = claim(database)
    assert first is not None
    assert second is not None
    assert (first.owner, second.id) == ("busy", other.id)


def test_orphan_is_claimed_before_jobs_never_started(database: Database, post: Post) -> None:
    first, second = post(), post()
    with database.writing() as session:
        session.execute(
            update(jobs)
            .where(jobs.c.id == second.id)
            .values(status=JobStatus.RUNNING, lease_expires_at=shifted(-1))
        )
    orphan, next_one = claim(database), claim(database)
    assert orphan is not None
    assert next_one is not None
    assert (orphan.id, next_one.id) == (second.id, first.id)


def test_orphan_with_the_oldest_lease_is_claimed_first(database: Database, post: Post) -> None:
    older, younger = post(), post()
    with database.writing() as session:
        for job, ago in ((older, -1), (younger, -2)):
            session.execute(
                update(jobs)
                .where(jobs.c.id == job.id)
                .values(status=JobStatus.RUNNING, lease_expires_at=shifted(ago))
            )
    first = claim(database)
    assert first is not None
    assert first.id == younger.id


def test_running_jobs_per_owner_are_limited(database: Database, post: Post) -> None:
    post(owner="a"), post(owner="a")
    other = post(owner="b")
    assert claim(database, max_running=1) is not None
    second = claim(database, max_running=1)
    assert second is not None
    assert second.id == other.id
    assert claim(database, max_running=1) is None


@pytest.mark.parametrize("is_lost", [False, True], ids=["by its worker", "by a sweep"])
def test_end_of_a_cancelled_job_is_not_an_error(
    database: Database, post: Post, is_lost: bool
) -> None:
    job = post()
    lease = claimed(database)
    change(database, cancel_job, job.id)
    if is_lost:
        lose_lease(database)
    with database.writing() as session:
        if is_lost:
            assert fail_lost_jobs(session, KINDS, max_worker_losses=1) == (job.id,)
        else:
            finish_training(session, lease, Outcome(JobStatus.CANCELLED, StatusReason.USER))
    with database.reading() as session:
        query = select(events.c.type, events.c.level).order_by(events.c.id.desc()).limit(1)
        last = session.execute(query.where(events.c.job_id == job.id)).one()
    assert tuple(last) == ("cancelled", "info")


def test_environment_is_that_of_the_progress_that_is_kept(database: Database, post: Post) -> None:
    job = post()
    claim(database)
    lose_lease(database)
    for numpy in ("2", "3"):
        lease = claimed(database)
        with database.reading() as session:
            known = get_job(session, job.id, TRAINING).environment
        assert known == (None if numpy == "2" else {"numpy": "2"})
        progress = TrainingProgress(steps=1, environment={"numpy": numpy})
        with database.writing() as session:
            assert record_training_progress(session, lease, progress, ()).environment == {
                "numpy": numpy
            }
        lose_lease(database)
