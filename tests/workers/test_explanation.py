"""Explanations: a training is repeated up to a step, and the state there is kept."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select

from store.db.database import Database
from store.db.tables import checkpoints
from store.jobs.commands import cancel_job
from store.jobs.explanation.finish import KEPT_STATES
from store.jobs.explanation.new_explanation import Question, add_explanation
from store.jobs.jobs import JobRecord, get_job
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.settings import Settings
from store.statuses import EXPLANATION, TRAINING, JobStatus, StatusReason
from tests.training import open_worker_context, train_waiting_jobs
from tests.workers.conftest import Find, Post
from tests.workers.test_digest import kill_after
from tests.workers.test_slices import after_steps
from workers.slices import run_slice

SLICED = {"slice_seconds": 0.02, "checkpoint_seconds": 0.01, "record_seconds": 0.0}

Explain = Callable[..., JobRecord]


@pytest.fixture
def explain(database: Database, find: Find) -> Explain:
    """Queue an explanation of a step of a job."""

    def explain(job_id: str, step: int, fold: int | None = None, top: int = 3) -> JobRecord:
        question = Question(step, fold, {"top": top}, from_step=0, steps=step)
        with database.writing() as session:
            return add_explanation(session, find(job_id), question)[0]

    return explain


def read(database: Database, job_id: str) -> JobRecord:
    with database.reading() as session:
        return get_job(session, job_id, EXPLANATION)


def kept(database: Database) -> list[str]:
    """Return the ids of explanations whose state is kept, oldest first."""
    with database.reading() as session:
        query = select(checkpoints.c.job_id).order_by(checkpoints.c.job_id)
        return list(session.execute(query).scalars())


@pytest.mark.parametrize(("spec", "fold"), [({}, None), ({"validation": {"folds": 2}}, 1)])
def test_step_is_reached_in_slices_although_a_worker_was_killed(
    settings: Settings,
    database: Database,
    post: Post,
    find: Find,
    explain: Explain,
    spec: dict[str, object],
    fold: int | None,
) -> None:
    posted = post(**spec)
    train_waiting_jobs(settings)
    explanation = explain(posted.id, 17, fold)
    kill_after(settings, database, 9)
    train_waiting_jobs(settings.model_copy(update=SLICED))
    job = read(database, explanation.id)
    assert (job.status, job.status_reason) == (JobStatus.SUCCEEDED, StatusReason.COMPLETED)
    assert job.result == {"steps": job.steps, "exact": True, "inexact_because": None}
    assert kept(database) == [explanation.id]
    context = open_worker_context(settings)
    position = Position(17, fold)
    # Without a step of replay, from the state that is kept.
    found = reach_step(context, find(posted.id), position, ReplayLimit(0.0))
    assert (found.origin.kind, found.steps_done) == ("explanation", 0)
    with database.writing() as session:
        session.execute(checkpoints.delete())
    from_start = reach_step(context, find(posted.id), position, ReplayLimit(60.0))
    context.database.close()
    assert from_start.steps_done >= 17
    one, other = (at.checkpoint().arrays for at in (found, from_start))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_unfinished_explanation_of_the_same_question_is_not_repeated(
    settings: Settings, post: Post, explain: Explain
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    first = explain(posted.id, 17)
    assert explain(posted.id, 17).id == first.id
    assert len({first.id, explain(posted.id, 18).id, explain(posted.id, 17, top=4).id}) == 3
    train_waiting_jobs(settings)
    assert explain(posted.id, 17).id != first.id


def test_newest_states_are_kept(
    settings: Settings, database: Database, post: Post, explain: Explain
) -> None:
    posted, other = post(), post(seed=1)
    train_waiting_jobs(settings)
    elsewhere = explain(other.id, 5).id
    train_waiting_jobs(settings)
    made = []
    for step in range(10, 16):
        made.append(explain(posted.id, step).id)
        train_waiting_jobs(settings)
    assert kept(database) == [elsewhere, *made[-KEPT_STATES:]]


def test_explanations_are_before_trainings_of_the_same_priority(
    settings: Settings, database: Database, post: Post, explain: Explain
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    waiting = post()
    explanation = explain(posted.id, 5)
    context = open_worker_context(settings)
    run_slice(context)
    context.database.close()
    assert read(database, explanation.id).status is JobStatus.SUCCEEDED
    with database.reading() as session:
        assert get_job(session, waiting.id, TRAINING).status is JobStatus.QUEUED


def test_state_that_was_reached_in_another_environment_is_not_exact(
    settings: Settings, database: Database, post: Post, explain: Explain
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    explanation = explain(posted.id, 20)
    context = open_worker_context(settings)
    run_slice(replace(context, environment={**context.environment, "blas_kernel": "Another"}))
    context.database.close()
    job = read(database, explanation.id)
    assert job.result is not None
    assert (job.exact, job.result["exact"]) == (False, False)
    assert "blas_kernel" in job.result["inexact_because"]


def test_step_that_a_fold_does_not_have_fails_the_explanation(
    settings: Settings, database: Database, post: Post, explain: Explain
) -> None:
    posted = post(
        validation={"folds": 2},
        epochs=50,
        early_stopping={"patience": 1, "metric": "validation_loss"},
    )
    train_waiting_jobs(settings)
    explanation = explain(posted.id, 100_000, 0)
    train_waiting_jobs(settings)
    job = read(database, explanation.id)
    assert (job.status, job.status_reason) == (JobStatus.FAILED, StatusReason.INVALID_DATA)
    assert job.error is not None
    assert "does not exist" in job.error["message"]
    assert explanation.id not in kept(database)


def test_cancelled_explanation_keeps_nothing(
    settings: Settings, database: Database, post: Post, explain: Explain
) -> None:
    posted = post()
    train_waiting_jobs(settings)
    explanation = explain(posted.id, 40)
    context = open_worker_context(
        settings.model_copy(update={"record_seconds": 0.0, "checkpoint_seconds": 0.0})
    )

    def cancel() -> None:
        with database.writing() as session:
            cancel_job(session, explanation.id, EXPLANATION)

    after_steps(context, 10, cancel)
    run_slice(context)
    context.database.close()
    train_waiting_jobs(settings)
    job = read(database, explanation.id)
    assert (job.status, job.result) == (JobStatus.CANCELLED, None)
    assert kept(database) == []
