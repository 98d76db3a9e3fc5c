"""Steps whose state is stored completely are opened without the dataset."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from engine.training.step_inputs import build_train_step
from engine.training.train_step import TrainStep
from store.datasets.deletion import delete_dataset
from store.db.tables import models
from store.errors import DatasetGoneError
from store.jobs.jobs import JobRecord, get_job
from store.jobs.training.new_training import NewTraining, add_training
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.without_data import find_step_without_data
from store.statuses import TRAINING
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.store.replay.test_reach_step import BEST, DEEP, FOLDS, PLATEAU
from tests.store.replay.trajectories import cut_slice
from tests.training import train_waiting_jobs

LIMIT = ReplayLimit(60)


def assert_equal_steps(resources: Resources, job: JobRecord, position: Position) -> None:
    """Check that a step has the same inputs with and without the dataset."""
    replay = reach_step(resources, job, position, LIMIT)
    expected = replay.training.next_step()
    found = find_step_without_data(resources, job, position, "dataset ds_1")
    assert found is not None
    assert found.preprocessing == replay.training.preprocessing
    assert found.inexactness is None
    inputs = replace(found.next_step(), batch=expected.batch)
    assert inputs.arrays.keys() == expected.arrays.keys()
    for name, array in inputs.arrays.items():
        assert array.tobytes() == expected.arrays[name].tobytes()
    arrays, positions, spec = expected.arrays, expected.positions, expected.spec
    assert replace(inputs, arrays=arrays, positions=positions, spec=spec) == expected
    assert isinstance(build_train_step(inputs), TrainStep)


@pytest.mark.parametrize(
    "spec",
    [
        DEEP,
        pytest.param(PLATEAU, marks=pytest.mark.rare),
        pytest.param(BEST, marks=pytest.mark.rare),
    ],
    ids=["deep", "plateau", "best"],
)
def test_steps_of_kept_states(resources: Resources, train: Train, spec: dict[str, Any]) -> None:
    job = train(5, 8, **spec)
    for step in (0, 5, 13):
        assert_equal_steps(resources, job, Position(step))
    assert find_step_without_data(resources, job, Position(6), "dataset ds_1") is None


def test_steps_of_folds(resources: Resources, train: Train) -> None:
    job = train(5, 16, **FOLDS)
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError) as caught:
        reach_step(resources, job, Position(1), LIMIT)
    # The states of two folds are kept, and the model is that of the final network.
    names = [*caught.value.steps]
    assert names[0] == "step 0 of fold 0"
    assert caught.value.steps["step 0 of fold 0"] == {"step": 0, "fold": 0}
    assert names[-1] == "step 0"


@pytest.mark.parametrize("fold", [0, None])
def test_first_step_of_a_network_of_folds(
    resources: Resources, train: Train, fold: int | None
) -> None:
    assert_equal_steps(resources, train(5, **FOLDS), Position(0, fold))


def forget_data(resources: Resources, job: JobRecord) -> None:
    with resources.database.writing() as session:
        delete_dataset(session, job.dataset_id)


def forget_model(resources: Resources, job: JobRecord) -> None:
    with resources.database.writing() as session:
        session.execute(delete(models).where(models.c.id == job.model_id))


def test_first_step_of_a_job_without_kept_states(resources: Resources, train: Train) -> None:
    job = train(**DEEP)
    assert_equal_steps(resources, job, Position(0))
    forget_model(resources, job)
    assert find_step_without_data(resources, job, Position(0), "dataset ds_1") is None
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError, match="no state of the job is kept"):
        reach_step(resources, job, Position(0), LIMIT)


def test_steps_can_be_opened_after_the_dataset_is_gone(resources: Resources, train: Train) -> None:
    job = train(5, 8, **DEEP)
    kept = reach_step(resources, job, Position(13), LIMIT).training.next_step()
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError, match="step 0, step 5 and step 13 can still"):
        reach_step(resources, job, Position(6), LIMIT)
    found = find_step_without_data(resources, job, Position(13), "dataset ds_1")
    assert found is not None
    inputs = found.next_step()
    assert inputs.arrays["parameters"].tobytes() == kept.arrays["parameters"].tobytes()
    assert len(inputs.batch.x) == 0
    assert (found.position, found.origin.steps, found.steps_done) == (Position(13), 13, 0)


@pytest.mark.parametrize("is_gone", [False, True])
def test_first_step_from_the_weights_of_a_model(
    resources: Resources, train: Train, is_gone: bool
) -> None:
    first = train(**DEEP)
    with resources.database.writing() as session:
        start = {"model_id": first.model_id}
        spec = {**first.spec, "seed": 5}
        posted = add_training(session, NewTraining(first.dataset_id, "job", {}, spec, start))
    cut_slice(resources.settings, 5)
    train_waiting_jobs(resources.settings)
    with resources.database.reading() as session:
        job = get_job(session, posted.id, TRAINING)
    if not is_gone:
        for step in (0, 5):
            assert_equal_steps(resources, job, Position(step))
        return
    forget_model(resources, first)
    assert find_step_without_data(resources, job, Position(0), "dataset ds_1") is None
    assert find_step_without_data(resources, job, Position(5), "dataset ds_1") is not None
    with pytest.raises(DatasetGoneError, match="has been deleted: step 5 can still"):
        reach_step(resources, job, Position(6), LIMIT)
