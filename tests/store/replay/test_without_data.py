"""Steps whose state is stored completely are opened without the dataset."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from engine.data.split_arrays import Batch
from engine.training.step_inputs import build_train_step
from engine.training.train_step import TrainStep
from store.datasets.deletion import delete_dataset
from store.db.tables import models
from store.errors import DatasetGoneError
from store.jobs.jobs import JobRecord
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.without_data import find_step_without_data
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.store.replay.test_reach_step import BEST, DEEP, FOLDS, PLATEAU

LIMIT = ReplayLimit(60)


def assert_equal_steps(resources: Resources, job: JobRecord, position: Position) -> None:
    """Check that a step has the same inputs with and without the dataset."""
    replay = reach_step(resources, job, position, LIMIT)
    expected = replay.training.next_step()
    found = find_step_without_data(resources, job, position)
    assert found is not None
    assert found.preprocessing == replay.training.preprocessing
    assert found.inexactness is None
    inputs = found.inputs_for(expected.batch)
    assert inputs.arrays.keys() == expected.arrays.keys()
    for name, array in inputs.arrays.items():
        assert array.tobytes() == expected.arrays[name].tobytes()
    arrays, positions, spec = expected.arrays, expected.positions, expected.spec
    assert replace(inputs, arrays=arrays, positions=positions, spec=spec) == expected
    assert isinstance(build_train_step(inputs), TrainStep)


@pytest.mark.parametrize("spec", [DEEP, PLATEAU, BEST], ids=["deep", "plateau", "best"])
def test_steps_of_kept_states(resources: Resources, train: Train, spec: dict[str, Any]) -> None:
    job = train(5, 8, **spec)
    for step in (0, 5, 13):
        assert_equal_steps(resources, job, Position(step))
    assert find_step_without_data(resources, job, Position(6)) is None


def test_steps_of_folds(resources: Resources, train: Train) -> None:
    job = train(5, 16, **FOLDS)
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError) as caught:
        reach_step(resources, job, Position(1), LIMIT)
    # The states of two folds are kept, and the model is that of the final network.
    assert caught.value.steps[0] == "step 0 of fold 0"
    assert caught.value.steps[-1] == "step 0"


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
    assert find_step_without_data(resources, job, Position(0)) is None
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError, match="no state of the job is kept"):
        reach_step(resources, job, Position(0), LIMIT)


def test_steps_can_be_opened_after_the_dataset_is_gone(resources: Resources, train: Train) -> None:
    job = train(5, 8, **DEEP)
    kept = reach_step(resources, job, Position(13), LIMIT).training.next_step()
    forget_data(resources, job)
    with pytest.raises(DatasetGoneError, match="step 0, step 5 and step 13 can still"):
        reach_step(resources, job, Position(6), LIMIT)
    found = find_step_without_data(resources, job, Position(13))
    assert found is not None
    assert found.inputs_for(kept.batch).arrays["parameters"].tobytes() == (
        kept.arrays["parameters"].tobytes()
    )
    assert isinstance(found.inputs_for(kept.batch).batch, Batch)
