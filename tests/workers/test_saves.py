"""A save detects a pause or cancel that the heartbeat has not seen yet."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.training.loop import TrainingProtocol, train
from engine.training.progress import EpochRecord
from store.db.database import Database
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.settings import Settings
from store.statuses import TRAINING, JobStatus
from tests.training import open_worker_context
from tests.workers.conftest import Find, Post
from workers.context import WorkerContext
from workers.slices import run_slice
from workers.training import work

CHECKPOINTS = pytest.mark.parametrize(
    "checkpoint_seconds", [0.0, 1000.0], ids=["with a checkpoint", "without one"]
)


@pytest.fixture
def open_deaf(settings: Settings) -> Iterator[Callable[..., WorkerContext]]:
    """Open worker contexts that save every epoch and whose heartbeat never reads the status."""
    made: list[WorkerContext] = []

    def open_deaf(**values: Any) -> WorkerContext:
        deaf = {"watch_seconds": 1000.0, "record_seconds": 0.0, **values}
        made.append(open_worker_context(settings.model_copy(update=deaf)))
        return made[-1]

    yield open_deaf
    for context in made:
        context.database.close()


def at_step(monkeypatch: pytest.MonkeyPatch, steps: int, ask: Callable[[], None]) -> None:
    """Call `ask` once a training has done `steps` steps."""
    asked: list[bool] = []

    def ask_once(training: TrainingProtocol) -> None:
        if training.steps_done >= steps and not asked:
            asked.append(True)
            ask()

    def watched(
        training: TrainingProtocol, stop: Callable[[], bool], abandon: Callable[[], bool]
    ) -> Iterator[EpochRecord]:
        def asking_stop() -> bool:
            ask_once(training)
            return stop()

        for epoch in train(training, asking_stop, abandon):
            ask_once(training)
            yield epoch

    monkeypatch.setattr(work, "train", watched)


@CHECKPOINTS
@pytest.mark.parametrize("steps", [16, 20], ids=["after an epoch", "within an epoch"])
def test_pause_detected_by_a_save_ends_the_slice(
    open_deaf: Callable[..., WorkerContext],
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    steps: int,
    checkpoint_seconds: float,
) -> None:
    posted = post()

    def pause() -> None:
        with database.writing() as session:
            pause_job(session, posted.id, TRAINING)

    at_step(monkeypatch, steps, pause)
    with caplog.at_level(logging.WARNING, "workers.slices"):
        assert run_slice(open_deaf(checkpoint_seconds=checkpoint_seconds)) is False
    assert caplog.messages == []
    job = find(posted.id)
    saved_at = 16 if steps == 16 else 24 if checkpoint_seconds else 20
    assert (job.status, job.steps) == (JobStatus.PAUSED, saved_at)
    with database.writing() as session:
        resume_job(session, posted.id, TRAINING)
    assert run_slice(open_deaf()) is False
    assert (find(posted.id).status, find(posted.id).steps) == (JobStatus.SUCCEEDED, 48)


@CHECKPOINTS
@pytest.mark.parametrize("steps", [16, 20], ids=["after an epoch", "within an epoch"])
def test_cancel_detected_by_a_save_ends_the_job(
    open_deaf: Callable[..., WorkerContext],
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
    steps: int,
    checkpoint_seconds: float,
) -> None:
    posted = post()

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, posted.id, TRAINING)

    at_step(monkeypatch, steps, cancel)
    assert run_slice(open_deaf(checkpoint_seconds=checkpoint_seconds)) is False
    job = find(posted.id)
    saved_at = 16 if steps == 16 else 24 if checkpoint_seconds else 20
    assert (job.status, job.steps) == (JobStatus.CANCELLED, saved_at)
    assert job.model_id is not None


def test_job_paused_at_its_last_epoch_succeeds_after_resume(
    open_deaf: Callable[..., WorkerContext],
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posted = post()

    def pause() -> None:
        with database.writing() as session:
            pause_job(session, posted.id, TRAINING)

    at_step(monkeypatch, 48, pause)
    assert run_slice(open_deaf(checkpoint_seconds=0.0)) is False
    assert (find(posted.id).status, find(posted.id).steps) == (JobStatus.PAUSED, 48)
    with database.writing() as session:
        resume_job(session, posted.id, TRAINING)
    assert run_slice(open_deaf()) is False
    assert (find(posted.id).status, find(posted.id).steps) == (JobStatus.SUCCEEDED, 48)
