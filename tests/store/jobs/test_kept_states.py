"""The kept states of a training, as both databases list them."""

from collections.abc import Callable
from typing import Any

import pytest

from store.db.database import Database
from store.jobs.checkpoints import Checkpoint, add_checkpoint
from store.jobs.claims import claim_job
from store.jobs.explanation.new_explanation import Question, add_explanation
from store.jobs.jobs import JobRecord, get_job
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.replay.position import Place
from store.replay.states.kept_states import KeptState, find_states, load_state, nearest_state
from store.statuses import KINDS, TRAINING

HERE, ELSEWHERE = {"blas_kernel": "Here"}, {"blas_kernel": "Elsewhere"}


def numbers(environment: dict[str, Any], **folds: int) -> dict[str, Any]:
    return {"environment": environment, "exact": True, "training": {"epoch": 0, **folds}}


def keep_explanation(
    database: Database, job: JobRecord, steps: int, environment: dict[str, Any]
) -> None:
    """Store the state that an explanation has reached in this environment."""
    question = Question(steps, None, {}, 0, steps)
    with database.writing() as session:
        explanation, _ = add_explanation(session, job, question)
        state = Checkpoint(steps, numbers(environment), b"reached", None)
        add_checkpoint(session, explanation.id, state)


@pytest.fixture
def job(database: Database, post: Callable[..., JobRecord]) -> JobRecord:
    """Return a job with checkpoints of two folds, of which the second is best."""
    posted = post()
    with database.writing() as session:
        claimed = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert claimed is not None
    lease = Lease(posted.id, claimed.token)
    kept = [(4, 0, 0, 3.0), (8, 0, 0, 1.0), (12, 1, 9, 2.0), (16, 1, 9, 2.0), (20, 1, 9, 2.0)]
    for steps, done, before, score in kept:
        stored = numbers(HERE, done=done, steps_before=before)
        checkpoint = TrainingCheckpoint(steps, stored, b"%d" % steps, score, milestones=16)
        progress = TrainingProgress(steps=steps, environment=HERE)
        with database.writing() as session:
            record_training_progress(session, lease, progress, [], checkpoint)
    with database.reading() as session:
        return get_job(session, posted.id, TRAINING)


def states_of(database: Database, job: JobRecord) -> tuple[KeptState, ...]:
    with database.reading() as session:
        return find_states(session, job)


def test_states_have_kind_and_place(database: Database, job: JobRecord) -> None:
    keep_explanation(database, job, 6, HERE)
    states = states_of(database, job)
    assert [(state.kind, state.steps, state.place) for state in states] == [
        ("start", 0, Place(0, 0)),
        ("milestone", 4, Place(0, 4)),
        ("explanation", 6, Place(0, 6)),
        ("checkpoint", 8, Place(0, 8)),
        ("milestone", 12, Place(1, 3)),
        ("checkpoint", 16, Place(1, 7)),
        ("checkpoint", 20, Place(1, 11)),
    ]
    assert all(state.exact for state in states)
    assert states[3].environment == HERE
    with database.reading() as session:
        found = load_state(session, states[3])
        assert found is not None
        assert (found.steps, found.data) == (8, b"8")
        assert load_state(session, states[0]) is None


def test_nearest_state_is_the_last_at_or_before_a_place(database: Database, job: JobRecord) -> None:
    keep_explanation(database, job, 6, HERE)
    keep_explanation(database, job, 8, HERE)
    states = states_of(database, job)
    places = [Place(0, 3), Place(0, 7), Place(0, 8), Place(0, 99), Place(1, 2), Place(2, 0)]
    found = [nearest_state(states, place, HERE) for place in places]
    assert [state.steps for state in found] == [0, 6, 8, 8, 8, 20]
    assert found[2].kind == "checkpoint"


def test_state_that_was_reached_in_another_environment_is_used_only_there(
    database: Database, job: JobRecord
) -> None:
    keep_explanation(database, job, 6, ELSEWHERE)
    states = states_of(database, job)
    assert nearest_state(states, Place(0, 7), HERE).steps == 4
    assert nearest_state(states, Place(0, 7), ELSEWHERE).steps == 6
