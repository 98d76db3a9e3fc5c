"""Steps of trainings that went back after a divergence: those of the last try are meant."""

from collections.abc import Iterable
from typing import Any

import pytest

from engine.errors import DivergenceError
from engine.stored.specs import read_spec
from store.errors import StepNotFoundError
from store.jobs.jobs import JobRecord
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.states.restores import NetworkRestore, find_restores
from store.settings import Settings
from store.statuses import JobStatus
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.store.replay.trajectories import bits_of, trajectory_of
from tests.training import train_waiting_jobs
from tests.workers.conftest import Find, Post
from workers.training import milestones


def with_rate(rate: float) -> dict[str, Any]:
    """Return a spec with a bounded loss, whose weights grow by their penalty and overflow."""
    return {
        "network": {"layers": [{"type": "dense", "units": 4, "activation": "tanh", "l2": 2.0}]},
        "optimizer": {"type": "sgd", "learning_rate": rate},
        "on_divergence": {"restore": True, "scale_rate": 0.5, "tries": 3},
        "epochs": 8,
    }


# Goes back to step 40, diverges again, goes back to step 48, and then succeeds.
RESTORED = with_rate(2.0)


def assert_steps_are_those_of_the_last_try(
    resources: Resources, job: JobRecord, steps: Iterable[int]
) -> None:
    states = trajectory_of(resources, job)
    networks = {network for network, _ in states}
    for network in networks:
        fold = None if network == max(networks) else network
        for step in steps:
            replay = reach_step(resources, job, Position(step, fold), ReplayLimit(60))
            assert bits_of(replay.training) == states[network, step]
            assert replay.steps_done >= 0


@pytest.mark.parametrize("cuts", [(45, 1), pytest.param((30, 17, 8), marks=pytest.mark.rare)])
def test_plain_training(resources: Resources, train: Train, cuts: tuple[int, ...]) -> None:
    job = train(*cuts, **RESTORED)
    assert (job.status, job.steps) == (JobStatus.SUCCEEDED, 64)
    with resources.database.reading() as session:
        found = find_restores(session, job, read_spec(job.spec, job.spec_version))
    assert found == {0: (NetworkRestore(1, 40, 0), NetworkRestore(2, 48, 0))}
    assert_steps_are_those_of_the_last_try(resources, job, (0, 39, 40, 45, 47, 48, 50, 63))


def test_folds(resources: Resources, train: Train) -> None:
    job = train(45, 40, **RESTORED, validation={"folds": 2})
    assert job.status is JobStatus.SUCCEEDED
    assert_steps_are_those_of_the_last_try(resources, job, (0, 24, 25, 32, 39))


@pytest.mark.rare
def test_states_of_every_step(
    resources: Resources,
    settings: Settings,
    post: Post,
    find: Find,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(milestones, "LEAST_SECONDS", 0.0)
    posted = post(**RESTORED)
    train_waiting_jobs(settings.model_copy(update={"checkpoint_seconds": 0.0}))
    job = find(posted.id)
    assert_steps_are_those_of_the_last_try(resources, job, (0, 39, 40, 41, 47, 48, 50, 63))


def test_step_that_diverged_in_the_last_try(resources: Resources, train: Train) -> None:
    job = train(45, **with_rate(9.0))
    assert job.error is not None
    failing = job.error["epoch"] * 8 + job.error["step"]
    replay = reach_step(resources, job, Position(failing), ReplayLimit(60))
    assert replay.inexactness is None
    with pytest.raises(DivergenceError) as caught:
        replay.training.run_epoch()
    assert caught.value.restores == 3
    with pytest.raises(StepNotFoundError):
        reach_step(resources, job, Position(failing + 1), ReplayLimit(60))
