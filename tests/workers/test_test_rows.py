"""Test rows in a worker: evaluated when a job succeeds, and not when it is cancelled."""

from store.db.database import Database
from store.jobs.commands import cancel_job
from store.models import get_model
from store.settings import Settings
from store.statuses import TRAINING, JobStatus
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_slices import after_steps
from workers.slices import run_slice

TESTED = {"test": {"fraction": 0.2}, "early_stopping": {"patience": 2}}


def test_sliced_job_has_the_test_metrics_of_the_uninterrupted_one(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole, moved = post(**TESTED), post(**TESTED)
    context = open_worker_context(settings)
    assert run_slice(context) is False
    after_steps(context, 9, context.shutdown.set)
    assert run_slice(context) is True
    context.database.close()
    assert find(moved.id).test_metrics is None
    train_waiting_jobs(settings)
    found = find(whole.id).test_metrics
    assert found is not None
    assert find(moved.id).test_metrics == found
    with database.reading() as session:
        assert get_model(session, str(find(whole.id).model_id)).metrics["test"] == found


def test_weights_of_a_cancelled_job_are_not_evaluated(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    # Without early stopping: a training that ends by itself is evaluated, cancelled or not.
    posted = post(test=TESTED["test"], epochs=1_000_000)
    context = open_worker_context(settings)

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, posted.id, TRAINING)

    after_steps(context, 20, cancel)
    assert run_slice(context) is False
    context.database.close()
    job = find(posted.id)
    assert (job.status, job.test_metrics) == (JobStatus.CANCELLED, None)
    with database.reading() as session:
        assert "test" not in get_model(session, str(job.model_id)).metrics
