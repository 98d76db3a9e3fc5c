"""Slices of a job without a broker: completed, interrupted, resumed, cancelled, failed."""

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import artifact_chunks, jobs
from store.errors import LeaseLostError, StorageFullError, StoreUnavailableError
from store.jobs.claims import claim_job
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import list_training_checkpoints
from store.jobs.training.finish import finish_training
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.models import get_model
from store.prepared import loader
from store.settings import Settings
from store.statuses import KINDS, TRAINING, JobStatus, StatusReason
from tests.training import ask_before_steps, open_worker_context, train_waiting_jobs
from tests.waiting import wait_for
from tests.workers.conftest import Find, Post
from workers import slices
from workers.context import WorkerContext
from workers.heartbeat import Heartbeat
from workers.slices import run_slice
from workers.training import kind, open_training, work
from workers.training.training_recorder import TrainingRecorder

ENDLESS = {"epochs": 1_000_000}


@pytest.fixture
def context(settings: Settings) -> Iterator[WorkerContext]:
    context = open_worker_context(settings)
    yield context
    context.database.close()


def losses_of(database: Database, job_id: str) -> list[tuple[int, float, float | None]]:
    with database.reading() as session:
        found = list_losses(session, job_id, -1, 10_000).epochs
    return [(loss.epoch, loss.loss, loss.validation_loss) for loss in found]


def weights_of(database: Database, job: JobRecord) -> str:
    assert job.model_id is not None
    with database.reading() as session:
        return get_model(session, job.model_id).artifact


def after_steps(context: WorkerContext, steps: int, then: Callable[[], None]) -> None:
    """Call `then` at step number `steps` of a training."""
    count = itertools.count()
    is_set = context.shutdown.is_set

    def at_step() -> bool:
        if next(count) == steps:
            then()
        return is_set()

    ask_before_steps(context, at_step)


def keep_heartbeats(monkeypatch: pytest.MonkeyPatch) -> list[Heartbeat]:
    """Collect the heartbeats of the slices that follow."""
    kept: list[Heartbeat] = []

    def begin(*args: Any) -> Heartbeat:
        kept.append(Heartbeat(*args))
        return kept[-1]

    monkeypatch.setattr(slices, "Heartbeat", begin)
    return kept


def test_without_a_waiting_job_no_slice_runs(context: WorkerContext, database: Database) -> None:
    assert database
    assert run_slice(context) is False


def test_job_is_trained_to_completion(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    assert (job.epoch, job.steps) == (6, 6 * 8)
    assert [epoch for epoch, *_ in losses_of(database, job.id)] == list(range(6))
    assert job.latest_metrics is not None
    assert job.latest_metrics["loss"] == losses_of(database, job.id)[-1][1]
    assert job.environment is not None
    assert job.environment["numpy"]


def test_sliced_job_equals_the_uninterrupted_one_bit_for_bit(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post()
    assert train_waiting_jobs(settings) == 1
    sliced = post()
    cut = settings.model_copy(update={"slice_seconds": 0.005, "checkpoint_seconds": 0.002})
    assert train_waiting_jobs(cut) > 1
    assert losses_of(database, sliced.id) == losses_of(database, whole.id)
    assert weights_of(database, find(sliced.id)) == weights_of(database, find(whole.id))
    assert find(sliced.id).attempt == 1


def test_continuous_checkpoints_do_not_stall_a_job(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    assert train_waiting_jobs(settings.model_copy(update={"checkpoint_seconds": 0.0})) == 1
    assert find(posted.id).steps == 6 * 8
    with database.reading() as session:
        kept = [checkpoint.steps for checkpoint in list_training_checkpoints(session, posted.id)]
    # The last two before step 48 ended it, and the first after the best epoch.
    assert kept == [40, 46, 47]


def test_job_that_takes_longer_to_open_than_a_slice_progresses(
    settings: Settings, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = post(**ENDLESS)
    context = open_worker_context(settings.model_copy(update={"slice_seconds": 0.05}))

    def open_slowly(context: WorkerContext, job: JobRecord) -> TrainingRecorder:
        started = time.monotonic()
        recorder = open_training.open_training(context, job)
        wait_for(lambda: time.monotonic() - started > 0.1)
        return recorder

    monkeypatch.setattr(kind, "open_training", open_slowly)
    assert run_slice(context) is True
    context.database.close()
    assert find(posted.id).steps > 0


def test_job_resumed_by_another_process_equals_the_uninterrupted_one(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post()
    train_waiting_jobs(settings)
    moved = post()
    for steps in (5, 11, 3):  # in the middle of epochs of eight steps
        context = open_worker_context(settings)
        after_steps(context, steps, context.shutdown.set)
        assert run_slice(context) is True
        context.database.close()
    train_waiting_jobs(settings)
    assert losses_of(database, moved.id) == losses_of(database, whole.id)
    assert weights_of(database, find(moved.id)) == weights_of(database, find(whole.id))


def test_next_slice_in_the_same_process_reuses_the_open_training(
    context: WorkerContext, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()
    after_steps(context, 5, context.shutdown.set)
    assert run_slice(context) is True
    monkeypatch.setattr(loader, "open_table", None)
    context.shutdown._byte[0] = 0
    assert run_slice(context) is False


def test_shutdown_releases_the_job(context: WorkerContext, post: Post, find: Find) -> None:
    posted = post(**ENDLESS)
    after_steps(context, 20, context.shutdown.set)
    assert run_slice(context) is True
    job = find(posted.id)
    assert (job.status, job.lease_expires_at) == (JobStatus.RUNNING, None)
    assert job.steps == 20


def test_cancel_while_running_keeps_the_weights_so_far(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, posted.id, TRAINING)

    after_steps(context, 20, cancel)
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.CANCELLED, StatusReason.USER)
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).partial


def test_pause_frees_the_worker_and_resume_continues_bit_for_bit(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hearts = keep_heartbeats(monkeypatch)
    whole = post()
    train_waiting_jobs(settings)
    paused = post()

    def pause() -> None:
        with database.writing() as session:
            pause_job(session, paused.id, TRAINING)

    context = open_worker_context(settings.model_copy(update={"watch_seconds": 0.005}))
    after_steps(context, 5, pause)
    after_steps(context, 6, lambda: wait_for(lambda: hearts[-1].interrupted))
    assert run_slice(context) is False
    assert find(paused.id).status is JobStatus.PAUSED
    assert run_slice(context) is False
    context.database.close()
    with database.writing() as session:
        resume_job(session, paused.id, TRAINING)
    train_waiting_jobs(settings)
    assert losses_of(database, paused.id) == losses_of(database, whole.id)
    assert weights_of(database, find(paused.id)) == weights_of(database, find(whole.id))
    assert find(paused.id).exact


def test_cancel_between_two_slices_ends_the_job_with_its_weights(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)
    first = open_worker_context(settings)
    after_steps(first, 20, first.shutdown.set)
    run_slice(first)
    first.database.close()
    with database.writing() as session:
        assert cancel_job(session, posted.id, TRAINING).status is JobStatus.CANCELLING
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.steps) == (JobStatus.CANCELLED, 20)
    assert job.model_id is not None


def test_model_of_a_checkpoint_has_the_metrics_of_that_checkpoint(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)
    eager = settings.model_copy(update={"record_seconds": 0.0, "checkpoint_seconds": 1000.0})
    first = open_worker_context(eager)
    after_steps(first, 5, first.shutdown.set)
    run_slice(first)
    first.database.close()

    def crash() -> None:
        raise LeaseLostError(posted.id, 0)

    second = open_worker_context(eager)
    after_steps(second, 20, crash)
    run_slice(second)
    second.database.close()
    assert find(posted.id).latest_metrics
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=shifted(-1)))
        cancel_job(session, posted.id, TRAINING)
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.steps) == (JobStatus.CANCELLED, 5)
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).metrics == {}
    assert losses_of(database, posted.id) == []


def test_worker_that_lost_its_lease_writes_nothing_more(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)
    taken: list[JobRecord] = []

    def take_over() -> None:
        with database.writing() as session:
            session.execute(update(jobs).values(lease_expires_at=shifted(-1)))
            job = claim_job(session, "other", 20, 3, kinds=KINDS)
            assert job is not None
            taken.append(job)
            stored = LossRecord(0, 9.0, None, {}, 0.1, 1.0, 0.1)
            record_training_progress(
                session, Lease(job.id, job.token), TrainingProgress(), [stored]
            )

    after_steps(context, 20, take_over)
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.worker, job.token, job.status) == ("other", taken[0].token, JobStatus.RUNNING)
    assert losses_of(database, job.id) == [(0, 9.0, None)]


def test_heartbeat_keeps_a_long_job(settings: Settings, post: Post, find: Find) -> None:
    posted = post(**ENDLESS)
    brief = settings.model_copy(update={"lease_seconds": 0.2, "heartbeat_seconds": 0.05})
    context = open_worker_context(brief)
    started = find(posted.id).created_at
    ends: list[bool] = []

    def stop_after_three_leases() -> bool:
        lease = find(posted.id).lease_expires_at
        return lease is not None and (lease - started).total_seconds() > 0.8

    context.shutdown.is_set = stop_after_three_leases  # type: ignore[method-assign]
    ends.append(run_slice(context))
    context.database.close()
    assert ends == [True]
    assert find(posted.id).token == 1


def test_early_stopping_leaves_the_best_weights_and_their_metrics(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(
        epochs=500,
        optimizer={"type": "adam", "learning_rate": 0.3},
        early_stopping={"patience": 2},
    )
    run_slice(context)
    job = find(posted.id)
    assert job.status_reason is StatusReason.EARLY_STOPPING
    assert job.epoch < 500
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).metrics == job.best_metrics


def test_time_budget_ends_a_job_with_the_model_so_far(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS, max_seconds=0.1)
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.TIME_BUDGET)
    assert job.training_seconds >= 0.1
    with database.reading() as session:
        assert not get_model(session, str(job.model_id)).partial


def test_target_value_ends_a_job(context: WorkerContext, post: Post, find: Find) -> None:
    posted = post(**ENDLESS, early_stopping={"metric": "accuracy", "target_value": 0.3})
    assert run_slice(context) is False
    assert find(posted.id).status_reason is StatusReason.TARGET_VALUE


def test_divergence_is_reported_with_epoch_and_step(
    context: WorkerContext, post: Post, find: Find
) -> None:
    request: dict[str, Any] = {
        "loss": "mean_squared_error",
        "network": {"layers": [], "output": {"activation": "linear"}},
        "epochs": 100,
    }
    posted = post(**request, optimizer={"type": "sgd", "learning_rate": 1000.0})
    run_slice(context)
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.DIVERGED)
    assert job.error is not None
    assert job.error["layer"] == "output"
    suggested = job.error["suggested_learning_rate"]
    assert suggested < 1000.0
    again = post(**request, optimizer={"type": "sgd", "learning_rate": suggested})
    run_slice(context)
    assert find(again.id).status is JobStatus.SUCCEEDED


def test_lost_file_is_invalid_data(
    context: WorkerContext, settings: Settings, post: Post, find: Find
) -> None:
    posted = post()
    for path in (Path(settings.data_dir) / "blobs").rglob("*.arrow"):
        path.unlink()
    run_slice(context)
    assert find(posted.id).status_reason is StatusReason.INVALID_DATA


def test_damaged_checkpoint_ends_the_job_and_is_named(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)
    first = open_worker_context(settings)
    after_steps(first, 5, first.shutdown.set)
    run_slice(first)
    first.database.close()
    with database.writing() as session:
        session.execute(update(artifact_chunks).values(data=b"other"))
    train_waiting_jobs(settings)
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INTERNAL)
    assert job.error is not None
    assert "artifact" in job.error["message"]
    assert "damaged" in job.error["message"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), StatusReason.OUT_OF_MEMORY),
        (RuntimeError("a secret"), StatusReason.INTERNAL),
    ],
)
def test_unexpected_error_ends_the_job_and_not_the_worker(
    context: WorkerContext,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: StatusReason,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(work, "train", fail)
    posted = post()
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, reason)
    assert "secret" not in str(job.error)


def test_training_survives_a_short_database_outage(
    context: WorkerContext, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = post()
    monkeypatch.setattr(slices, "DATABASE_RETRY_SECONDS", 0.01)
    away = iter([StoreUnavailableError("gone"), StoreUnavailableError("gone")])
    finish = finish_training

    def flaky(*args: Any, **options: Any) -> JobRecord:
        for error in away:
            raise error
        return finish(*args, **options)

    monkeypatch.setattr(work, "finish_training", flaky)
    run_slice(context)
    assert find(posted.id).status is JobStatus.SUCCEEDED


def test_job_continues_after_a_database_outage_longer_than_the_lease(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hearts = keep_heartbeats(monkeypatch)
    monkeypatch.setattr(slices, "DATABASE_RETRY_SECONDS", 0.01)
    whole = post()
    train_waiting_jobs(settings)
    posted = post()
    brief = {"lease_seconds": 0.2, "heartbeat_seconds": 0.05, "watch_seconds": 0.01}
    context = open_worker_context(settings.model_copy(update=brief))
    writing, reading = context.database.writing, context.database.reading
    tries = itertools.count()

    def away() -> Any:
        # The database returns after a few failed attempts to save.
        if next(tries) == 60:
            context.database.writing, context.database.reading = writing, reading  # type: ignore[method-assign]
        raise StoreUnavailableError("gone")

    def cut() -> None:
        context.database.writing = context.database.reading = away  # type: ignore[method-assign]
        wait_for(lambda: hearts[-1].interrupted)

    after_steps(context, 5, cut)
    assert run_slice(context) is False
    context.database.close()
    job = find(posted.id)
    assert (job.status, job.attempt, job.worker_losses) == (JobStatus.SUCCEEDED, 1, 0)
    assert losses_of(database, posted.id) == losses_of(database, whole.id)
    assert weights_of(database, job) == weights_of(database, find(whole.id))


def test_job_is_released_when_the_store_is_unavailable_while_it_is_opened(
    context: WorkerContext, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = post()

    def fail(*_: object) -> TrainingRecorder:
        raise StorageFullError("no room for prepared data")

    monkeypatch.setattr(kind, "open_training", fail)
    for _ in range(5):
        assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.lease_expires_at) == (JobStatus.RUNNING, None)
    assert (job.worker_losses, job.attempt) == (0, 1)
    monkeypatch.undo()
    run_slice(context)
    assert find(posted.id).status is JobStatus.SUCCEEDED
