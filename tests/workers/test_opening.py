"""A job that is cancelled, paused or released while it is being opened, which cannot be ended."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from store.db.database import Database
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.jobs import JobRecord
from store.models import get_model
from store.prepared.open import DataResources
from store.settings import Settings
from store.statuses import TRAINING, JobStatus, StatusReason
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_slices import ENDLESS, after_steps, losses_of, weights_of
from workers import slices
from workers.context import WorkerContext
from workers.process import opening
from workers.slices import run_slice
from workers.training.kind import TrainingKind
from workers.training.work import TrainingWork

# A process that is not ended is an error; a test that waits for one fails after that long.
SECONDS = 60


class StuckKind(TrainingKind):
    """Opens trainings, and then goes on until the process would have ended."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self.has_ended = threading.Event()

    def open(self, resources: DataResources, job: JobRecord) -> TrainingWork:
        work = super().open(resources, job)
        self._then()
        assert self.has_ended.wait(SECONDS), "the process was not ended"
        return work


@pytest.fixture
def context(settings: Settings) -> Iterator[WorkerContext]:
    context = open_worker_context(settings)
    yield context
    context.database.close()


def run_stuck(context: WorkerContext, then: Callable[[], None]) -> None:
    """Run a slice whose job stays in its opening until the process is ended."""
    kind = StuckKind(then)
    context.kinds = {TRAINING: kind}
    context.end_process = kind.has_ended.set
    assert run_slice(context) is False
    assert kind.has_ended.is_set()


def command(database: Database, write: Callable[..., Any], *arguments: Any) -> None:
    with database.writing() as session:
        write(session, *arguments)


def test_cancel_ends_the_job_without_a_model_and_without_a_loss_of_the_worker(
    context: WorkerContext, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    run_stuck(context, lambda: command(database, cancel_job, posted.id, TRAINING))
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.CANCELLED, StatusReason.USER)
    assert (job.model_id, job.worker_losses, job.error) == (None, 0, None)


def test_pause_keeps_the_last_checkpoint_and_resumes_bit_for_bit(
    context: WorkerContext, settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post()
    train_waiting_jobs(settings)
    posted = post()
    first = open_worker_context(settings)
    after_steps(first, 10, first.shutdown.set)
    run_slice(first)
    first.database.close()
    assert find(posted.id).steps == 10
    run_stuck(context, lambda: command(database, pause_job, posted.id, TRAINING))
    job = find(posted.id)
    assert (job.status, job.steps, job.worker_losses) == (JobStatus.PAUSED, 10, 0)
    command(database, resume_job, posted.id, TRAINING)
    train_waiting_jobs(settings)
    assert find(posted.id).worker_losses == 0
    assert losses_of(database, posted.id) == losses_of(database, whole.id)
    assert weights_of(database, find(posted.id)) == weights_of(database, find(whole.id))


def test_shutdown_releases_the_job(
    context: WorkerContext, settings: Settings, post: Post, find: Find
) -> None:
    posted = post()
    run_stuck(context, context.shutdown.set)
    job = find(posted.id)
    assert (job.status, job.worker_losses) == (JobStatus.RUNNING, 0)
    train_waiting_jobs(settings)
    assert find(posted.id).status is JobStatus.SUCCEEDED
    assert find(posted.id).worker_losses == 0


def test_a_cancelled_job_with_a_checkpoint_is_opened_for_its_partial_result(
    context: WorkerContext, settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post(**ENDLESS)
    first = open_worker_context(settings)
    after_steps(first, 20, first.shutdown.set)
    run_slice(first)
    first.database.close()
    kind = StuckKind(lambda: command(database, cancel_job, posted.id, TRAINING))
    context.kinds = {TRAINING: kind}
    context.end_process = lambda: pytest.fail("the partial result is lost")
    leave = opening.leave_opening

    def count(*arguments: Any) -> bool:
        left = leave(*arguments)
        kind.has_ended.set()
        return left

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "leave_opening", count)
        run_slice(context)
    assert kind.has_ended.is_set()
    job = find(posted.id)
    assert (job.status, job.steps) == (JobStatus.CANCELLED, 20)
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).partial
