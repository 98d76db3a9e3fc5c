"""A job records the environment of the workers whose steps it keeps."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, update

from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import events, jobs
from store.errors import LeaseLostError
from store.jobs.commands import cancel_job
from store.models import get_model
from store.settings import Settings
from store.statuses import TRAINING, JobStatus
from tests.training import open_worker_context
from tests.workers.conftest import Find, Post
from tests.workers.test_slices import after_steps
from workers.context import WorkerContext
from workers.slices import run_slice

STORES_EPOCHS = {"record_seconds": 0.0, "checkpoint_seconds": 1000.0}
STORES_NOTHING = {"record_seconds": 1000.0, "checkpoint_seconds": 1000.0}


@contextmanager
def on_kernel(settings: Settings, kernel: str, **values: float) -> Iterator[WorkerContext]:
    """Open the context of a worker on a machine with this BLAS kernel."""
    with in_environment(settings.model_copy(update=values), blas_kernel=kernel) as worker:
        yield worker


@contextmanager
def in_environment(settings: Settings, **fields: object) -> Iterator[WorkerContext]:
    """Open the context of a worker whose environment has these fields; None removes one."""
    worker = open_worker_context(settings)
    environment = {**worker.environment, **fields}
    worker.environment = {name: field for name, field in environment.items() if field is not None}
    try:
        yield worker
    finally:
        worker.database.close()


def train_and_leave(settings: Settings, kernel: str, steps: int) -> None:
    """Train `steps` steps and store a checkpoint."""
    with on_kernel(settings, kernel) as worker:
        after_steps(worker, steps, worker.shutdown.set)
        assert run_slice(worker) is True


def train_and_die(settings: Settings, kernel: str, steps: int, **values: float) -> None:
    """Train `steps` steps and lose the worker before the next checkpoint."""

    def die() -> None:
        raise LeaseLostError("job", 0)

    with on_kernel(settings, kernel, **values) as worker:
        after_steps(worker, steps, die)
        run_slice(worker)
        with worker.database.writing() as session:
            session.execute(update(jobs).values(lease_expires_at=shifted(-1)))


def train_to_the_end(settings: Settings, kernel: str) -> None:
    with on_kernel(settings, kernel) as worker:
        assert run_slice(worker) is False


def trained_on(find: Find, job_id: str) -> tuple[str | None, bool]:
    job = find(job_id)
    return None if job.environment is None else job.environment["blas_kernel"], job.exact


def count_inexact_events(database: Database) -> int:
    with database.reading() as session:
        query = select(events.c.data).where(events.c.type == "inexact")
        return len(session.execute(query).all())


@pytest.mark.parametrize("stores", [STORES_NOTHING, STORES_EPOCHS], ids=["nothing", "epochs"])
def test_worker_lost_before_a_checkpoint_is_not_recorded(
    settings: Settings, database: Database, post: Post, find: Find, stores: dict[str, float]
) -> None:
    posted = post()
    train_and_die(settings, "first", 20, **stores)
    assert trained_on(find, posted.id) == (None if stores is STORES_NOTHING else "first", True)
    train_to_the_end(settings, "second")
    assert find(posted.id).status is JobStatus.SUCCEEDED
    assert trained_on(find, posted.id) == ("second", True)
    assert count_inexact_events(database) == 0


def test_job_resumed_in_another_environment_is_not_exact(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    train_and_leave(settings, "first", 5)
    train_to_the_end(settings, "second")
    assert find(posted.id).status is JobStatus.SUCCEEDED
    assert trained_on(find, posted.id) == ("second", False)
    assert count_inexact_events(database) == 1


def test_job_that_returns_to_an_environment_stays_inexact(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    train_and_leave(settings, "first", 5)
    train_and_leave(settings, "second", 5)
    assert trained_on(find, posted.id) == ("second", False)
    train_to_the_end(settings, "second")
    assert trained_on(find, posted.id) == ("second", False)
    assert count_inexact_events(database) == 1


@pytest.mark.parametrize("stores", [STORES_NOTHING, STORES_EPOCHS], ids=["nothing", "epochs"])
def test_job_whose_steps_in_another_environment_were_lost_is_exact(
    settings: Settings, post: Post, find: Find, stores: dict[str, float]
) -> None:
    posted = post()
    train_and_leave(settings, "first", 5)
    train_and_die(settings, "second", 20, **stores)
    lost_is_shown = stores is STORES_EPOCHS
    assert trained_on(find, posted.id) == (("second", False) if lost_is_shown else ("first", True))
    train_to_the_end(settings, "first")
    assert trained_on(find, posted.id) == ("first", True)


def test_worker_that_only_ends_a_cancelled_job_is_not_recorded(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    posted = post()
    train_and_leave(settings, "first", 5)
    with database.writing() as session:
        cancel_job(session, posted.id, TRAINING)
    train_to_the_end(settings, "second")
    assert (find(posted.id).status, find(posted.id).steps) == (JobStatus.CANCELLED, 5)
    assert trained_on(find, posted.id) == ("first", True)
    assert count_inexact_events(database) == 0


@pytest.mark.parametrize(
    ("before", "after", "is_exact"), [(None, 1, True), (None, 2, False), (1, 2, False)]
)
def test_job_that_crosses_a_change_of_numerics_is_not_exact(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    before: int | None,
    after: int,
    is_exact: bool,
) -> None:
    posted = post()
    with in_environment(settings, numerics=before) as worker:
        after_steps(worker, 5, worker.shutdown.set)
        assert run_slice(worker) is True
    with in_environment(settings, numerics=after) as worker:
        assert run_slice(worker) is False
    job = find(posted.id)
    assert (job.status, job.exact) == (JobStatus.SUCCEEDED, is_exact)
    assert count_inexact_events(database) == (0 if is_exact else 1)
    with database.reading() as session:
        assert get_model(session, str(job.model_id)).numerics == after
