"""Milestones of trainings: how often they are stored, and that they stay after the end."""

import math

import pytest

from store.db.database import Database
from store.jobs.commands import cancel_job
from store.jobs.training.checkpoints import TrainingCheckpoint, list_training_checkpoints
from store.jobs.training.retry import retry_training
from store.settings import Settings
from store.statuses import TRAINING, JobStatus
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_advice import with_rate
from tests.workers.test_slices import after_steps
from workers import slices
from workers.slices import run_slice
from workers.training import milestones
from workers.training.milestones import Milestones
from workers.training.training_recorder import TrainingRecorder

MIB = 2**20


def test_short_trainings_have_no_milestones() -> None:
    policy = Milestones(64 * MIB, 1000)
    assert (policy.count(1.9), policy.interval(1.9)) == (0, math.inf)
    assert (policy.count(2.0), policy.interval(2.0)) == (16, 1.0)


def test_long_trainings_have_milestones_at_longer_intervals() -> None:
    assert Milestones(64 * MIB, 1000).interval(80.0) == 5.0


def test_large_states_have_fewer_milestones_at_longer_intervals() -> None:
    policy = Milestones(64 * MIB, 16 * MIB)
    assert (policy.count(30.0), policy.interval(30.0)) == (4, 7.5)
    assert Milestones(64 * MIB, 64 * MIB).interval(2.0) == pytest.approx(13.42, abs=0.01)
    assert Milestones(64 * MIB, 64 * MIB + 1).interval(2.0) == math.inf


def test_a_setting_turns_milestones_off() -> None:
    assert Milestones(0, 1000).count(30.0) == 0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trainings of any duration have milestones."""
    monkeypatch.setattr(milestones, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(milestones, "LEAST_INTERVAL", 0.0)


def kept_steps(database: Database, job_id: str) -> list[int]:
    with database.reading() as session:
        return [kept.steps for kept in list_training_checkpoints(session, job_id)]


@pytest.mark.usefixtures("quick")
def test_checkpoints_are_more_frequent_for_milestones(
    settings: Settings, database: Database, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = post(epochs=1_000_000)
    made: list[int] = []
    make = TrainingRecorder.checkpoint

    def checkpoint(recorder: TrainingRecorder) -> TrainingCheckpoint:
        made.append(recorder.training.steps_done)
        return make(recorder)

    monkeypatch.setattr(TrainingRecorder, "checkpoint", checkpoint)
    monkeypatch.setattr(slices, "MAX_CHECKPOINT_SHARE", 1.0)
    # The slice ends after six checkpoints, of which one is that of its end.
    context = open_worker_context(settings.model_copy(update={"checkpoint_seconds": 1000.0}))
    context.shutdown.is_set = lambda: len(made) >= 6  # type: ignore[method-assign]
    assert run_slice(context) is True
    context.database.close()
    assert kept_steps(database, job.id) == made


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("is_on", [True, False])
def test_milestones_stay_after_the_end(
    settings: Settings, database: Database, post: Post, find: Find, is_on: bool
) -> None:
    job = post(epochs=3)
    values: dict[str, object] = {"checkpoint_seconds": 0.0}
    if not is_on:
        values["milestone_bytes"] = 0
    train_waiting_jobs(settings.model_copy(update=values))
    assert find(job.id).status is JobStatus.SUCCEEDED
    kept = kept_steps(database, job.id)
    # Of 23 checkpoints the first of every two steps, besides the last two and the best.
    expected = {1, *range(2, 24, 2)} if is_on else set()
    assert {*kept} >= expected | {22, 23}
    assert len(kept) <= 16 + 3
    assert is_on or len(kept) == 3


@pytest.mark.usefixtures("quick")
def test_milestones_stay_after_a_failure_until_a_retry_from_the_start(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    job = post(**with_rate(1000.0))
    train_waiting_jobs(settings.model_copy(update={"checkpoint_seconds": 0.0}))
    assert find(job.id).status is JobStatus.FAILED
    assert kept_steps(database, job.id) == [1, 2, 3, 4, 5, 6, 7]
    with database.writing() as session:
        retry_training(session, job.id, from_start=True)
    assert kept_steps(database, job.id) == []


@pytest.mark.usefixtures("quick")
def test_milestones_stay_after_a_cancel(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    job = post(epochs=1_000_000)
    context = open_worker_context(settings.model_copy(update={"checkpoint_seconds": 0.0}))

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, job.id, TRAINING)

    # Each step is asked for three times: before it, before its checkpoint and after it. This is
    # before the fifth one, whose checkpoint is not made if the heartbeat sees the cancel first.
    after_steps(context, 12, cancel)
    assert run_slice(context) is False
    context.database.close()
    assert find(job.id).status is JobStatus.CANCELLED
    assert {*kept_steps(database, job.id)} >= {1, 2, 3, 4}
