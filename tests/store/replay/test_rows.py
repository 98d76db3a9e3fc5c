"""The rows of a batch are found in the dataset again, and encoded with the bits of the batch."""

from typing import Any

import pytest

from engine.data.split_arrays import Batch
from store.datasets.rows import read_rows
from store.errors import RowNotFoundError
from store.prepared import loader
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.replay import Replay
from store.replay.rows import batch_rows, encode_dataset_rows, read_dataset_rows
from tests.store.prepared.resources import Resources
from tests.store.replay.conftest import Train
from tests.workers.conftest import POINTS

FOLDS = {"validation": {"folds": 3}, "epochs": 2}
SPECS: list[tuple[dict[str, Any], Position]] = [
    ({"validation": {"fraction": 0.3}, "test": {"fraction": 0.2}}, Position(9)),
    ({"batch_size": "full", "epochs": 20}, Position(3)),
    (FOLDS, Position(3, fold=1)),
    (FOLDS, Position(8)),
    ({"shuffle": False, "class_weight": "balanced"}, Position(9)),
]


def assert_rows_are_those_of_the_step(replay: Replay) -> None:
    inputs = replay.training.next_step()
    assert inputs.positions is not None
    numbers = batch_rows(replay, inputs.positions).tolist()
    assert len({*numbers}) == len(inputs.batch.x) == len(numbers)
    batch = encode_dataset_rows(replay, read_dataset_rows(replay, numbers))
    assert isinstance(batch, Batch)
    assert batch.x.tobytes() == inputs.batch.x.tobytes()
    assert batch.y.tobytes() == inputs.batch.y.tobytes()


@pytest.mark.parametrize(("spec", "position"), SPECS)
def test_rows_of_a_batch(
    resources: Resources, train: Train, spec: dict[str, Any], position: Position
) -> None:
    job = train(**spec)
    assert_rows_are_those_of_the_step(reach_step(resources, job, position, ReplayLimit(60)))


def test_rows_of_a_batch_that_is_read_from_files(
    resources: Resources, train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "LEAST_CACHED_BYTES", 0)
    resources.settings = resources.settings.model_copy(update={"max_resident_data_bytes": 0})
    job = train()
    assert_rows_are_those_of_the_step(reach_step(resources, job, Position(9), ReplayLimit(60)))


def test_values_are_those_of_the_dataset(resources: Resources, train: Train) -> None:
    job = train()
    replay = reach_step(resources, job, Position(0), ReplayLimit(60))
    rows = read_dataset_rows(replay, [299, 0, 17, 0])
    assert rows.numbers == (299, 0, 17, 0)
    for number, values in zip(rows.numbers, rows.values, strict=True):
        assert values == {name: column[number] for name, column in POINTS.items()}
    # As the route of the dataset's rows shows them.
    dataset = replay.data.loader.dataset
    with resources.blobs.hold_path(dataset.blob, dataset.blob_sha256) as path:
        assert [rows.values[2]] == read_rows(path, dataset.columns, 17, 1)


@pytest.mark.parametrize("number", [-1, 300])
def test_row_that_does_not_exist(resources: Resources, train: Train, number: int) -> None:
    replay = reach_step(resources, train(), Position(0), ReplayLimit(60))
    with pytest.raises(RowNotFoundError, match="has rows 0 to 299"):
        read_dataset_rows(replay, [0, number])
