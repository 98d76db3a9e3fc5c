"""Replays: a whole training is repeated in slices, and its stored result compared."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from store.db.database import Database
from store.db.tables import artifact_chunks, artifacts, checkpoints, jobs, losses, models
from store.environment import hash_environment
from store.jobs.commands import cancel_job, pause_job, resume_job
from store.jobs.events import read_log
from store.jobs.jobs import JobRecord, get_job
from store.jobs.replay.new_replay import add_replay
from store.jobs.training import digest as digests
from store.settings import Settings
from store.statuses import REPLAY, TRAINING, JobStatus, StatusReason
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_digest import kill_after
from tests.workers.test_slices import after_steps
from workers.slices import run_slice

HELD_OUT = {"validation": {"fraction": 0.2}}
FOLDED = {"validation": {"folds": 2}, "epochs": 2}
STOPPED = {
    **HELD_OUT,
    "epochs": 200,
    "early_stopping": {"patience": 2, "restore_best": True, "metric": "validation_loss"},
}
# The loss grows for several epochs, which are given up: no state is kept once it has doubled.
GIVEN_UP = {
    "target": "x",
    "features": ["z"],
    "batch_size": "full",
    "epochs": 30,
    "network": {"layers": []},
    "optimizer": {"type": "sgd", "learning_rate": 100.0},
    "on_divergence": {"scale_rate": 0.001, "tries": 1},
}
# The loss doubles per step, and overflows in epoch 15.
RESTORED: dict[str, Any] = {
    "target": "x",
    "features": ["z"],
    "epochs": 20,
    "network": {"layers": []},
    "optimizer": {"type": "sgd", "learning_rate": 1.5},
    "on_divergence": {"scale_rate": 0.01, "tries": 3},
}
SLICED = {"slice_seconds": 0.005, "checkpoint_seconds": 0.01, "record_seconds": 0.0}

Replay = Callable[[str], str]


@pytest.fixture
def replay(database: Database, settings: Settings, find: Find) -> Replay:
    """Queue a replay of a job in the environment of this process, and return its id."""
    context = open_worker_context(settings)
    environment = hash_environment(context.environment)
    context.database.close()

    def replay(job_id: str) -> str:
        with database.writing() as session:
            return add_replay(session, find(job_id), environment).id

    return replay


def read(database: Database, replay_id: str) -> JobRecord:
    with database.reading() as session:
        return get_job(session, replay_id, REPLAY)


def verdict_of(database: Database, replay_id: str) -> dict[str, Any]:
    job = read(database, replay_id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    assert job.result is not None
    return job.result


@pytest.mark.parametrize(
    "spec",
    [HELD_OUT, *(pytest.param(one, marks=pytest.mark.rare) for one in (FOLDED, STOPPED)), GIVEN_UP],
    ids=["plain", "folds", "stopped", "epochs given up"],
)
def test_replay_in_slices_proves_the_digest_of_a_job_that_was_killed(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    replay: Replay,
    spec: dict[str, Any],
) -> None:
    posted = post(**spec)
    kill_after(settings, database, 20)
    train_waiting_jobs(settings)
    replay_id = replay(posted.id)
    assert train_waiting_jobs(settings.model_copy(update=SLICED)) > 1
    digest = find(posted.id).digest
    assert digest is not None
    expected = {name: digest[name] for name in ("inputs", "result")}
    assert verdict_of(database, replay_id) == {
        "identical": True,
        "differs": [],
        "first_differing_epoch": None,
        "divergence": None,
        "digest": expected,
        "expected": expected,
    }
    assert read(database, replay_id).steps == find(posted.id).steps


def test_replay_that_is_killed_and_paused_proves_the_digest_and_keeps_the_verdict_only(
    settings: Settings, database: Database, post: Post, replay: Replay
) -> None:
    posted = post(**HELD_OUT)
    train_waiting_jobs(settings)
    with database.reading() as session:
        before = count_rows(session)
    replay_id = replay(posted.id)
    kill_after(settings, database, 25)
    context = open_worker_context(
        settings.model_copy(update={**SLICED, "slice_seconds": 30.0, "watch_seconds": 1000.0})
    )

    def pause() -> None:
        with database.writing() as session:
            pause_job(session, replay_id, REPLAY)

    after_steps(context, 5, pause)
    assert run_slice(context) is False
    context.database.close()
    assert read(database, replay_id).status is JobStatus.PAUSED
    with database.writing() as session:
        resume_job(session, replay_id, REPLAY)
    train_waiting_jobs(settings)
    assert verdict_of(database, replay_id)["identical"]
    with database.reading() as session:
        assert count_rows(session) == before
        types = [event.type for event in read_log(session, replay_id, REPLAY, 0, 100).events]
    assert "rescued" in types
    assert types[-1] == "succeeded"


def count_rows(session: Session) -> dict[str, int]:
    tables = (losses, models, checkpoints, artifacts)
    return {table.name: len(session.execute(select(table)).all()) for table in tables}


def test_jobs_that_were_ended_from_outside_are_repeated_to_the_same_step(
    settings: Settings, database: Database, post: Post, find: Find, replay: Replay
) -> None:
    cancelled = post(**HELD_OUT, max_seconds=3600)
    cancel_after(settings, cancelled.id, 20)
    restored = post(**RESTORED)
    # Step 30 after the restore; it was done, and given up, before.
    cancel_after(settings, restored.id, 160)
    assert (find(restored.id).digest or {})["restores"] == 1
    timed = post(epochs=1_000_000, max_seconds=0.05)
    train_waiting_jobs(settings)
    assert find(timed.id).status_reason is StatusReason.TIME_BUDGET
    for job_id in (cancelled.id, restored.id, timed.id):
        replay_id = replay(job_id)
        train_waiting_jobs(settings)
        assert verdict_of(database, replay_id)["identical"]
        assert read(database, replay_id).steps == find(job_id).steps


def cancel_after(settings: Settings, job_id: str, steps: int) -> None:
    """Cancel the next job after this many steps."""
    context = open_worker_context(settings)

    def cancel() -> None:
        with context.database.writing() as session:
            cancel_job(session, job_id, TRAINING)

    after_steps(context, steps, cancel)
    run_slice(context)
    context.database.close()


Change = Callable[[Session, JobRecord], object]


def change_loss(session: Session, job: JobRecord) -> None:
    epoch = (losses.c.job_id == job.id) & (losses.c.epoch == 4)
    session.execute(update(losses).where(epoch).values(loss=losses.c.loss * (1 + 2**-50)))


def delete_last_epoch(session: Session, job: JobRecord) -> None:
    session.execute(losses.delete().where(losses.c.job_id == job.id, losses.c.epoch == 5))


def change_weight(session: Session, job: JobRecord) -> None:
    artifact = select(models.c.artifact).where(models.c.id == job.model_id).scalar_subquery()
    chunk = artifact_chunks.c.sha256 == artifact
    data = bytearray(session.execute(select(artifact_chunks.c.data).where(chunk)).scalar_one())
    data[-1] ^= 1
    session.execute(update(artifact_chunks).where(chunk).values(data=bytes(data)))


def change_digest(session: Session, job: JobRecord) -> None:
    changed = {**(job.digest or {}), "result": "0" * 64}
    session.execute(update(jobs).where(jobs.c.id == job.id).values(digest=changed))


@pytest.mark.parametrize(
    ("change", "differs", "epoch"),
    [
        (change_loss, ["losses"], 4),
        (delete_last_epoch, ["losses"], 5),
        (change_weight, ["weights"], None),
        (change_digest, ["result"], None),
    ],
)
def test_changed_result_is_found(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    differs: list[str],
    epoch: int | None,
) -> None:
    monkeypatch.setattr(digests, "EPOCHS_PER_PAGE", 2)
    posted = post(**HELD_OUT)
    train_waiting_jobs(settings)
    with database.writing() as session:
        change(session, find(posted.id))
    replay_id = replay(posted.id)
    train_waiting_jobs(settings.model_copy(update=SLICED))
    found = verdict_of(database, replay_id)
    assert (found["identical"], found["differs"]) == (False, differs)
    assert found["first_differing_epoch"] == epoch


def test_only_a_worker_of_the_required_environment_claims_a_replay(
    settings: Settings, database: Database, post: Post, replay: Replay
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    replay_id = replay(posted.id)
    context = open_worker_context(settings)
    other = replace(context, environment={**context.environment, "blas_kernel": "Another"})
    after = post()
    for _ in range(2):
        assert run_slice(other) is False
    assert read(database, replay_id).status is JobStatus.QUEUED
    # It claims other work meanwhile.
    with database.reading() as session:
        assert get_job(session, after.id, TRAINING).status is JobStatus.SUCCEEDED
    assert run_slice(context) is False
    context.database.close()
    assert verdict_of(database, replay_id)["identical"]


def test_cancelled_replay_has_no_verdict(
    settings: Settings, database: Database, post: Post, replay: Replay
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    replay_id = replay(posted.id)
    context = open_worker_context(
        settings.model_copy(update={"record_seconds": 0.0, "checkpoint_seconds": 0.0})
    )

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, replay_id, REPLAY)

    after_steps(context, 10, cancel)
    run_slice(context)
    context.database.close()
    train_waiting_jobs(settings)
    job = read(database, replay_id)
    assert (job.status, job.result) == (JobStatus.CANCELLED, None)
    with database.reading() as session:
        assert not session.execute(select(checkpoints).where(checkpoints.c.job_id == job.id)).all()
