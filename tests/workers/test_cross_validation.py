"""Cross-validation jobs: interrupted, resumed, cancelled, out of time, and their records."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from store.db.database import Database
from store.jobs.commands import cancel_job
from store.jobs.training.checkpoints import find_training_checkpoint
from store.jobs.training.losses import list_losses
from store.models import get_model
from store.settings import Settings
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.training import ask_before_steps, open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_slices import after_steps, losses_of, weights_of
from workers.context import WorkerContext
from workers.slices import run_slice
from workers.training import training_recorder

FOLDS = {"validation": {"folds": 3}}
# Six epochs each: 7 steps per epoch of a fold, 10 per epoch of the final training on all rows.
STEPS = 6 * (3 * 7 + 10)


@pytest.fixture
def context(settings: Settings) -> Iterator[WorkerContext]:
    context = open_worker_context(settings)
    yield context
    context.database.close()


def test_folds_are_recorded_with_the_job_and_its_model(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**FOLDS)
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.epoch, job.folds_done, job.steps) == (JobStatus.SUCCEEDED, 6, 3, STEPS)
    assert [epoch for epoch, *_ in losses_of(database, job.id)] == list(range(6))
    assert job.cross_validation is not None
    assert set(job.cross_validation["metrics"]) == {"loss", "accuracy"}
    with database.reading() as session:
        model = get_model(session, str(job.model_id))
    assert model.cross_validation == job.cross_validation
    assert not model.partial


def test_sliced_cross_validation_job_equals_the_uninterrupted_one(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post(**FOLDS, early_stopping={"patience": 3})
    train_waiting_jobs(settings)
    moved = post(**FOLDS, early_stopping={"patience": 3})
    for steps in (5, 45, 40):  # in the first fold, in the second, in the third
        context = open_worker_context(settings)
        after_steps(context, steps, context.shutdown.set)
        assert run_slice(context) is True
        context.database.close()
    assert find(moved.id).folds_done == 2
    train_waiting_jobs(settings)
    assert losses_of(database, moved.id) == losses_of(database, whole.id)
    assert weights_of(database, find(moved.id)) == weights_of(database, find(whole.id))
    assert find(moved.id).cross_validation == find(whole.id).cross_validation
    assert find(moved.id).steps == find(whole.id).steps


def test_progress_is_that_of_the_current_fold(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**FOLDS)
    after_steps(context, 60, context.shutdown.set)
    run_slice(context)
    job = find(posted.id)
    assert (job.folds_done, job.epoch, job.steps) == (1, 2, 59)
    assert job.cross_validation is None
    assert job.samples_per_second is None
    with database.reading() as session:
        checkpoint = find_training_checkpoint(session, job.id)
    assert checkpoint is not None
    assert checkpoint.numbers["preprocessing"]["columns"]


def test_cancel_in_a_fold_keeps_its_weights(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**FOLDS, epochs=100_000)

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, posted.id, TRAINING)

    after_steps(context, 20, cancel)
    assert run_slice(context) is False
    job = find(posted.id)
    assert job.status is JobStatus.CANCELLED
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).partial


def test_time_budget_that_ends_in_a_fold_leaves_a_partial_model(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post(**FOLDS, epochs=100_000, max_seconds=0.05)
    assert run_slice(context) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.TIME_BUDGET)
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).partial


def test_time_of_folds_is_not_part_of_any_epoch(
    context: WorkerContext,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = 0

    def at_step() -> bool:
        nonlocal steps
        steps += 1
        return False

    ask_before_steps(context, at_step)
    # The clock advances one second per step: an epoch of ten steps takes ten seconds.
    monkeypatch.setattr(training_recorder, "time", SimpleNamespace(monotonic=lambda: float(steps)))
    posted = post(**FOLDS)
    run_slice(context)
    with database.reading() as session:
        losses = list_losses(session, posted.id, -1, 10).epochs
    assert [loss.seconds for loss in losses] == [10] * 6
    assert find(posted.id).training_seconds == pytest.approx(STEPS, abs=4)


def test_fold_that_cannot_be_trained_is_invalid_data(
    context: WorkerContext, post: Post, find: Find
) -> None:
    posted = post(**FOLDS, class_weight={"strange": 2.0})
    assert run_slice(context) is False
    assert find(posted.id).status_reason is StatusReason.INVALID_DATA
