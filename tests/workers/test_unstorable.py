"""Numbers that cannot be stored fail a job and are named in its error, on every database."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from engine.errors import DivergenceError
from engine.training.loop import TrainingProtocol, train
from engine.training.progress import EpochRecord
from store.db.database import Database
from store.jobs.training.losses import list_losses
from store.settings import Settings
from store.statuses import JobStatus, StatusReason
from tests.training import open_worker_context
from tests.workers.conftest import Find, Post
from workers.context import WorkerContext
from workers.slices import run_slice
from workers.training import work

Change = Callable[[EpochRecord], EpochRecord]
CHANGES: dict[str, Change] = {
    "gradient_norm": lambda epoch: replace(epoch, gradient_norm=math.inf),
    "loss": lambda epoch: replace(epoch, loss=math.nan),
    "accuracy": lambda epoch: replace(epoch, metrics={"accuracy": math.inf}),
}


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    return settings.model_copy(update={"database_url": database_url})


@contextmanager
def opened(settings: Settings, record_seconds: float) -> Iterator[WorkerContext]:
    worker = open_worker_context(settings.model_copy(update={"record_seconds": record_seconds}))
    try:
        yield worker
    finally:
        worker.database.close()


def spoil_epochs(monkeypatch: pytest.MonkeyPatch, change: Change, error: Exception | None) -> None:
    """Change the epoch records of later trainings from the third on, and raise after the third."""

    def spoiled(
        training: TrainingProtocol, stop: Callable[[], bool], abandon: Callable[[], bool]
    ) -> Iterator[EpochRecord]:
        for epoch in train(training, stop, abandon):
            yield change(epoch) if epoch.epoch >= 2 else epoch
            if error is not None and epoch.epoch == 2:
                raise error

    monkeypatch.setattr(work, "train", spoiled)


@pytest.mark.parametrize("name", list(CHANGES))
@pytest.mark.parametrize("record_seconds", [0.0, 1000.0], ids=["during training", "at the end"])
def test_non_finite_number_fails_the_job_and_is_named(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    record_seconds: float,
) -> None:
    spoil_epochs(monkeypatch, CHANGES[name], None)
    posted = post()
    with opened(settings, record_seconds) as worker:
        assert run_slice(worker) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INTERNAL)
    assert job.error is not None
    assert f"{name} is " in job.error["message"]
    with database.reading() as session:
        kept = list_losses(session, posted.id, -1, 10).epochs
    assert [loss.epoch for loss in kept] == ([0, 1] if record_seconds == 0 else [])


def test_failure_is_stored_without_losses_that_cannot_be(
    settings: Settings, post: Post, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    diverged = DivergenceError(
        epoch=3, step=0, layer="output", last_loss=math.inf, learning_rate=0.1
    )
    spoil_epochs(monkeypatch, CHANGES["gradient_norm"], diverged)
    posted = post()
    with opened(settings, record_seconds=1000.0) as worker:
        assert run_slice(worker) is False
    job = find(posted.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.DIVERGED)
    assert job.error is not None
    assert job.error["last_loss"] is None
