"""The digest of a training: its formula, kills on the way, and what changes it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import datasets, jobs
from store.jobs.commands import cancel_job
from store.jobs.jobs import JobRecord
from store.jobs.training import digest as digests
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.retry import retry_training
from store.settings import Settings
from store.statuses import TRAINING, JobStatus
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import POINTS, Find, Post
from tests.workers.tables import add_dataset
from tests.workers.test_advice import with_rate
from tests.workers.test_slices import after_steps, weights_of
from workers.slices import run_slice

HELD_OUT = {"validation": {"fraction": 0.2}}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def result_of(job: JobRecord) -> str | None:
    assert job.digest is not None
    result: str | None = job.digest["result"]
    return result


def inputs_of(job: JobRecord) -> str:
    assert job.digest is not None
    return str(job.digest["inputs"])


def kill_after(settings: Settings, database: Database, steps: int, **changes: Any) -> None:
    """Lose the worker of the next job after this many steps."""
    eager = {"record_seconds": 0.0, "checkpoint_seconds": 0.0, **changes}
    context = open_worker_context(settings.model_copy(update=eager))

    def crash() -> None:
        raise SystemExit

    after_steps(context, steps, crash)
    with pytest.raises(SystemExit):
        run_slice(context)
    context.database.close()
    with database.writing() as session:
        session.execute(update(jobs).values(lease_expires_at=shifted(-1)))


@pytest.mark.parametrize("spec", [HELD_OUT, {"validation": {"folds": 2}, "epochs": 2}])
def test_result_is_the_hash_of_weights_and_losses(
    settings: Settings, database: Database, post: Post, find: Find, spec: dict[str, Any]
) -> None:
    posted = post(**spec)
    assert result_of(posted) is None
    train_waiting_jobs(settings)
    job = find(posted.id)
    with database.reading() as session:
        stored = list_losses(session, job.id, -1, 1000).epochs
    chain = ""
    for loss in stored:
        names = ("epoch", "loss", "validation_loss", "metrics", "learning_rate")
        chain = sha256(chain + dump({name: getattr(loss, name) for name in names}))
    parts = {"weights": weights_of(database, job), "losses": chain}
    assert len(stored) == job.epoch > 0
    assert result_of(job) == sha256(dump({**parts, "cross_validation": job.cross_validation}))
    assert inputs_of(job) == inputs_of(posted)


def test_equal_inputs_have_equal_results_although_a_worker_was_killed(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    whole = post(**HELD_OUT)
    train_waiting_jobs(settings)
    killed = post(**HELD_OUT)
    kill_after(settings, database, 20)
    train_waiting_jobs(settings)
    assert find(killed.id).attempt == 2
    assert find(whole.id).digest == find(killed.id).digest
    assert result_of(find(whole.id)) is not None


@pytest.mark.parametrize("changed", [{"seed": 1}, {"epochs": 5}, {"batch_size": 16}])
def test_another_spec_has_other_digests(
    settings: Settings, post: Post, find: Find, changed: dict[str, Any]
) -> None:
    one, other = post(), post(**changed)
    train_waiting_jobs(settings)
    assert inputs_of(one) != inputs_of(other)
    assert result_of(find(one.id)) != result_of(find(other.id))


def test_inputs_have_the_hash_of_each_dataset_and_not_its_id(
    settings: Settings, database: Database, post: Post, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    same = add_dataset(database, settings, tmp_path / "other", POINTS)
    assert inputs_of(post()) == inputs_of(post(same))
    spec = {"validation": {"dataset_id": same.id}}
    first = inputs_of(post(**spec))
    with database.writing() as session:
        session.execute(
            update(datasets).where(datasets.c.id == same.id).values(fingerprint="other options")
        )
    assert inputs_of(post()) != inputs_of(post(same))
    assert inputs_of(post(**spec)) != first


def test_inputs_have_the_hashes_of_the_initial_weights(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    one, other = post(), post(seed=1)
    train_waiting_jobs(settings)
    with database.reading() as session:
        found = [
            digests.read_inputs(
                session,
                digests_of(one, None if model is None else {"model_id": model}),
                one.upgraded_spec,
            ).digest(1)
            for model in (None, find(one.id).model_id, find(other.id).model_id)
        ]
    assert len(set(found)) == 3


def digests_of(job: JobRecord, start_from: dict[str, Any] | None) -> JobRecord:
    values = {**vars(job), "start_from": start_from}
    return JobRecord(**values)


def test_job_of_an_earlier_version_has_the_same_digest(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = post(**HELD_OUT)
    train_waiting_jobs(settings)
    old = post(**HELD_OUT)
    kill_after(settings, database, 30)
    with database.writing() as session:
        session.execute(update(jobs).where(jobs.c.id == old.id).values(digest=None))
    # Several pages are read.
    monkeypatch.setattr(digests, "EPOCHS_PER_PAGE", 2)
    train_waiting_jobs(settings)
    assert find(old.id).digest == find(whole.id).digest


def test_cancelled_job_has_the_digest_of_what_is_there_and_a_failed_one_has_none(
    settings: Settings, database: Database, post: Post, find: Find
) -> None:
    cancelled = post()
    context = open_worker_context(settings)

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, cancelled.id, TRAINING)

    after_steps(context, 20, cancel)
    run_slice(context)
    context.database.close()
    assert find(cancelled.id).status is JobStatus.CANCELLED
    assert result_of(find(cancelled.id)) is not None
    failed = post(**with_rate(1000.0))
    train_waiting_jobs(settings)
    assert find(failed.id).status is JobStatus.FAILED
    assert find(failed.id).digest == failed.digest
    with database.writing() as session:
        retry_training(session, failed.id, from_start=True)
    assert find(failed.id).digest == failed.digest


def test_sign_of_a_zero_loss_does_not_matter() -> None:
    one, other = (LossRecord(0, zero, zero, {}, 0.1, None, 1.0) for zero in (0.0, -0.0))
    assert digests.as_line(one) == digests.as_line(other)
