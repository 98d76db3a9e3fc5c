"""A step that is reached by a replay has all bits of the undisturbed training there."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from engine.errors import DivergenceError, LaterVersionError
from engine.stored.versions import SPEC_VERSION
from store.datasets.deletion import delete_dataset
from store.errors import (
    DatasetGoneError,
    ReadingStoppedError,
    ReplayTooLongError,
    StepNotFoundError,
)
from store.jobs.jobs import JobRecord
from store.prepared import loader
from store.replay import open_replay, plan
from store.replay.open_replay import open_at_nearest
from store.replay.position import Place, Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.replay import Replay
from store.replay.states.kept_states import KeptState, find_states
from store.settings import Settings
from store.statuses import StatusReason
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.store.replay.trajectories import bits_of, cut_slice, trajectory_of
from tests.workers.conftest import Find, Post
from tests.workers.test_advice import with_rate

LIMIT = ReplayLimit(60)
DEEP = {
    "network": {
        "layers": [
            {"type": "dense", "units": 5, "activation": "tanh"},
            {"type": "batch_normalization"},
            {"type": "dropout", "rate": 0.25},
            {"type": "dense", "units": 4},
        ]
    },
    "optimizer": {"type": "adam"},
    "validation": {"fraction": 0.2},
    "epochs": 4,
    "batch_size": 32,
}
PLATEAU = {"schedule": {"type": "reduce_on_plateau", "patience": 1, "factor": 0.5}, **DEEP}
BEST = {**DEEP, "epochs": 8, "early_stopping": {"patience": 2, "restore_best": True}}
FULL = {**DEEP, "batch_size": "full", "epochs": 30}
FOLDS = {
    "validation": {"folds": 2, "repeats": 2},
    "epochs": 3,
    "early_stopping": {"patience": 1, "restore_best": True},
}
# A bounded loss, with a penalty whose gradient lets the weights grow.
PENALIZED = {
    "loss": "cross_entropy",
    "network": {"layers": [{"type": "dense", "units": 4, "activation": "tanh", "l2": 1.0}]},
}


def reach(resources: Resources, job: JobRecord, step: int, fold: int | None = None) -> Replay:
    return reach_step(resources, job, Position(step, fold), LIMIT)


@pytest.mark.parametrize(
    "spec",
    [
        DEEP,
        pytest.param(PLATEAU, marks=pytest.mark.rare),
        pytest.param(BEST, marks=pytest.mark.rare),
        FULL,
    ],
    ids=["deep", "plateau", "best", "full"],
)
def test_states_of_a_training_in_slices_are_those_of_the_undisturbed_one(
    resources: Resources, train: Train, spec: dict[str, Any]
) -> None:
    job = train(5, 6, **spec)
    states = trajectory_of(resources, job)
    assert job.steps == len(states)
    for step in (0, 3, 5, 7, 11, job.steps - 1):
        replay = reach(resources, job, step)
        assert bits_of(replay.training) == states[0, step]
        assert replay.inexactness is None
        # The kept states are those of the two cuts.
        assert replay.from_position == Position(max(kept for kept in (0, 5, 11) if kept <= step))
        assert replay.steps_done == step - replay.from_position.step


def test_states_of_all_networks_of_a_cross_validation(resources: Resources, train: Train) -> None:
    job = train(10, 20, **FOLDS)
    states = trajectory_of(resources, job)
    assert {network for network, _ in states} == {0, 1, 2, 3, 4}
    for network, step in [*list(states)[::17], list(states)[-1]]:
        fold = None if network == 4 else network
        replay = reach(resources, job, step, fold)
        assert replay.position == Position(step, fold)
        assert bits_of(replay.training) == states[network, step]


def test_states_of_data_that_are_read_from_files(
    resources: Resources, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "LEAST_CACHED_BYTES", 0)
    resources.settings = resources.settings.model_copy(update={"max_resident_data_bytes": 0})
    job = train(13, **DEEP)
    states = trajectory_of(resources, job)
    for step in (2, 13, 20):
        replay = reach(resources, job, step)
        assert bits_of(replay.training) == states[0, step]
        assert not isinstance(replay.data.loader.prepare().x, np.ndarray)


def test_step_beyond_the_end_is_not_found(resources: Resources, train: Train) -> None:
    job = train(epochs=2)
    for step in (job.steps, 5000):
        with pytest.raises(StepNotFoundError, match=r"the job has done 16 steps \(0…15\)"):
            reach(resources, job, step)
    with pytest.raises(StepNotFoundError, match="counted from 0"):
        reach(resources, job, -1)
    with pytest.raises(StepNotFoundError, match="has no folds"):
        reach(resources, job, 0, fold=0)


def test_step_beyond_the_end_of_a_fold_is_not_found(resources: Resources, train: Train) -> None:
    job = train(10, **FOLDS)
    lengths = Counter(network for network, _ in trajectory_of(resources, job))
    # Early stopping ends the folds: their lengths are found on the way.
    message = f"step {lengths[1]} of fold 1 does not exist: fold 1 ended after {lengths[1]} steps"
    with pytest.raises(StepNotFoundError, match=message) as caught:
        reach(resources, job, lengths[1], fold=1)
    assert caught.value.last == {"step": lengths[1] - 1, "fold": 1}
    assert reach(resources, job, lengths[1] - 1, fold=1)
    with pytest.raises(StepNotFoundError, match=f"final network ended after {lengths[4]} steps"):
        reach(resources, job, lengths[4])
    for fold in (-1, 4):
        with pytest.raises(StepNotFoundError, match="4 folds, counted from 0"):
            reach(resources, job, 0, fold)


def test_lengths_of_folds_without_early_stopping_are_known(
    resources: Resources, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = train(validation={"folds": 3}, epochs=2)
    monkeypatch.setattr(open_replay, "build_training", None)
    for fold in (0, 1, 2):
        with pytest.raises(StepNotFoundError, match=f"fold {fold} ended after 14 steps"):
            reach(resources, job, 14, fold)
    with pytest.raises(StepNotFoundError, match=r"the final network has done 20 steps \(0…19\)"):
        reach(resources, job, 20)


def test_networks_that_have_not_begun_have_no_steps(
    resources: Resources, settings: Settings, post: Post, find: Find
) -> None:
    posted = post(**FOLDS)
    cut_slice(settings, 25)  # in the second fold
    job = find(posted.id)
    assert job.folds_done == 1
    with pytest.raises(StepNotFoundError, match="finished 1 of 4 folds"):
        reach(resources, job, 0, fold=2)
    with pytest.raises(StepNotFoundError, match="finished 1 of 4 folds"):
        reach(resources, job, 0)
    with pytest.raises(StepNotFoundError, match="fold 1 has done"):
        reach(resources, job, 24, fold=1)


def test_queued_job_can_be_reached_before_its_first_step(resources: Resources, post: Post) -> None:
    job = post(**DEEP)
    replay = reach(resources, job, 0)
    assert replay.training.steps_done == 0
    assert replay.inexactness is not None
    assert replay.inexactness.code == "not_done"
    with pytest.raises(StepNotFoundError, match="the job has done no step"):
        reach(resources, job, 1)


@pytest.mark.parametrize(
    ("spec", "has_updated"),
    [(with_rate(1000.0), False), (with_rate(1000.0, **PENALIZED), True)],
    ids=["loss", "weights"],
)
def test_diverged_job_can_be_reached_up_to_the_failing_step(
    resources: Resources, train: Train, spec: dict[str, Any], has_updated: bool
) -> None:
    job = train(**spec)
    assert job.status_reason is StatusReason.DIVERGED
    assert job.error is not None
    failing = job.error["epoch"] * 8 + job.error["step"]
    # Either the weights after the update are not finite, or the loss before it is not.
    assert job.steps == failing + has_updated
    replay = reach(resources, job, failing)
    assert replay.training.steps_done == failing
    assert replay.inexactness is None
    with pytest.raises(DivergenceError):
        replay.training.run_epoch()
    named = f"diverged in step {failing}, which can be explained"
    for beyond in (failing + 1, failing + 100):
        with pytest.raises(StepNotFoundError, match=named):
            reach(resources, job, beyond)


def test_job_that_diverged_in_the_validation_has_no_step_after_it(
    resources: Resources, train: Train
) -> None:
    job = train(**with_rate(500.0))
    assert job.error is not None
    assert (job.error["epoch"], job.error["step"]) == (0, 8)
    assert reach(resources, job, 7).training.steps_done == 7
    with pytest.raises(StepNotFoundError, match=r"the job has done 8 steps \(0…7\)$"):
        reach(resources, job, 8)


def test_time_budget_does_not_end_a_replay(resources: Resources, train: Train) -> None:
    job = train(epochs=1_000_000, max_seconds=0.05)
    assert job.status_reason is StatusReason.TIME_BUDGET
    assert reach(resources, job, job.steps - 1).training.steps_done == job.steps - 1
    with pytest.raises(StepNotFoundError):
        reach(resources, job, job.steps)


def test_replay_that_would_take_too_long_reads_nothing(
    resources: Resources, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = replace(train(8), training_seconds=48.0)
    assert job.steps == 48
    monkeypatch.setattr(open_replay, "build_training", None)
    with pytest.raises(ReplayTooLongError) as caught:
        reach_step(resources, job, Position(20), ReplayLimit(11.5))
    assert (caught.value.steps, caught.value.seconds, caught.value.from_step) == (12, 12.0, 8)


def test_replay_that_takes_longer_than_expected_ends(resources: Resources, train: Train) -> None:
    job = replace(train(8), training_seconds=0.0)
    with pytest.raises(ReplayTooLongError) as caught:
        reach_step(resources, job, Position(20), ReplayLimit(0))
    assert (caught.value.steps, caught.value.from_step) == (12, 8)
    assert reach_step(resources, job, Position(8), ReplayLimit(0)).steps_done == 0


def test_replay_is_stopped(resources: Resources, train: Train) -> None:
    job = train(8)
    with pytest.raises(ReadingStoppedError):
        reach_step(resources, job, Position(20), ReplayLimit(60, stop=lambda: True))


def test_replay_goes_on_where_it_was_stopped(resources: Resources, train: Train) -> None:
    job = train(8)
    replay = open_at_nearest(resources, job, Position(20))
    assert (replay.training.steps_done, replay.steps_to_do) == (8, 12)
    assert not replay.run(lambda: replay.training.steps_done == 11)
    assert replay.steps_done == 3
    assert replay.run()
    assert bits_of(replay.training) == trajectory_of(resources, job)[0, 20]


def test_replay_can_be_stopped_before_every_step(resources: Resources, train: Train) -> None:
    job = train(**FOLDS)
    replay = open_at_nearest(resources, job, Position(4, fold=2))
    runs = 1
    # Also after the last step of a fold, before the next one is opened.
    while not replay.run(partial(next, iter([False, True]))):
        runs += 1
    assert runs >= replay.steps_done
    assert bits_of(replay.training) == trajectory_of(resources, job)[2, 4]


def test_state_that_is_deleted_while_it_is_read_is_replaced_by_another(
    resources: Resources, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = train(8)
    missing = KeptState("checkpoint", 19, Place(0, 19), job.id, {}, exact=True)
    stale = iter([missing])
    monkeypatch.setattr(plan, "find_states", lambda *at: (*find_states(*at), *stale))
    assert reach(resources, job, 20).from_position == Position(8)


def test_job_of_a_later_version_is_not_opened(resources: Resources, train: Train) -> None:
    job = replace(train(8), spec_version=SPEC_VERSION + 1)
    with pytest.raises(LaterVersionError):
        reach(resources, job, 3)


def test_job_whose_dataset_was_deleted(resources: Resources, train: Train) -> None:
    job = train(8, 20)
    with resources.database.writing() as session:
        delete_dataset(session, job.dataset_id)
    with pytest.raises(DatasetGoneError, match="step 0, step 8 and step 28 can still") as caught:
        reach(resources, job, 3)
    assert [*caught.value.steps] == ["step 0", "step 8", "step 28"]
    assert [*caught.value.steps.values()] == [{"step": n, "fold": None} for n in (0, 8, 28)]
