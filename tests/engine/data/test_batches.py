from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import shuffle
from engine.data.batches import Batches, has_joined_row
from engine.data.split_arrays import SplitArrays
from engine.specs import TrainingSpec
from tests.engine.examples import ListedRows


def rows_of(batches: Batches, epoch: int) -> list[int]:
    """Return the rows of an epoch in order, identified by their targets; x must agree."""
    batches.begin(epoch)
    visited: list[int] = []
    for step in range(batches.steps):
        x, y, *others = batches.batch(step)
        np.testing.assert_array_equal(x[:, 0], y * 10)
        for array, offset in zip(others, (0.5, 0.25, 0.75), strict=True):
            np.testing.assert_array_equal(array, y + offset)
        visited += y.tolist()
    return visited


def make_batches(rows: int, **options: object) -> Batches:
    y = np.arange(rows)
    chosen = {"batch_size": 4, "shuffle": True, "seed": 0} | options
    split = SplitArrays(y[:, np.newaxis] * 10.0, y, y + 0.5, y + 0.25, y + 0.75)
    return Batches(split, **chosen)  # type: ignore[arg-type] # a test's options


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 99, "full"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_epoch_visits_every_row_once(batch_size: object, shuffle: bool) -> None:
    batches = make_batches(10, batch_size=batch_size, shuffle=shuffle)
    visited = rows_of(batches, 0)
    assert sorted(visited) == list(range(10))
    if not shuffle:
        assert visited == list(range(10))


def test_order_differs_per_epoch_and_is_determined_by_the_seed() -> None:
    batches = make_batches(10)
    first, second = rows_of(batches, 0), rows_of(batches, 1)
    assert first != second
    assert rows_of(make_batches(10), 1) == second
    assert rows_of(make_batches(10, seed=1), 1) != second


def test_full_batch_is_the_data_itself() -> None:
    x, y = np.zeros((5, 2)), np.arange(5)
    batches = Batches(SplitArrays(x, y), batch_size="full", shuffle=True, seed=0)
    batches.begin(0)
    assert np.shares_memory(batches.batch(0)[0], x)


def test_absent_arrays_are_none() -> None:
    split = SplitArrays(np.zeros((5, 2)), np.arange(5), sample_weights=np.ones(5))
    batches = Batches(split, batch_size=2, shuffle=True, seed=0)
    batches.begin(0)
    batch = batches.batch(0)
    assert batch.weights is None
    assert batch.values is None
    np.testing.assert_array_equal(batch.sample_weights, [1, 1])


def test_last_batch_holds_the_remaining_rows() -> None:
    batches = make_batches(10)
    batches.begin(0)
    assert batches.steps == 3
    assert len(batches.batch(2)[0]) == 2
    assert len(batches.batch(0)[0]) == 4


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    ("rows", "size", "sizes"),
    [(9, 4, [4, 5]), (10, 4, [4, 4, 2]), (8, 4, [4, 4]), (5, 4, [5]), (3, 4, [3]), (3, 1, [1] * 3)],
)
def test_a_last_row_is_joined_to_the_batch_before_it(
    rows: int, size: int, sizes: list[int], *, shuffle: bool
) -> None:
    batches = make_batches(rows, batch_size=size, shuffle=shuffle, joins_last_row=True)
    assert sorted(rows_of(batches, 0)) == list(range(rows))
    batches.begin(0)
    assert [len(batches.batch(step)[0]) for step in range(batches.steps)] == sizes
    layers = [{"type": "batch_normalization"}]
    spec = TrainingSpec.model_validate(
        {"target": "y", "batch_size": size, "network": {"layers": layers}}
    )
    assert has_joined_row(spec, rows) == (max(sizes) > size)


def test_a_last_row_is_a_batch_by_default() -> None:
    batches = make_batches(9)
    batches.begin(0)
    assert (batches.steps, len(batches.batch(2)[0])) == (3, 1)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 40 bytes, which are 10 rows; windows of 16 blocks."""
    monkeypatch.setattr(shuffle, "BLOCK_BYTES", 40)
    monkeypatch.setattr(shuffle, "WINDOW_BYTES", 640)


def in_memory_and_windowed(rows: int, **options: Any) -> tuple[Batches, Batches]:
    """Batches of the same rows, in memory and read through windows."""
    x = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    y, *others = np.arange(rows) * 2, *(np.arange(rows) + offset for offset in (0.5, 0.25, 0.75))
    chosen = {"batch_size": 7, "shuffle": True, "seed": 5} | options
    listed = SplitArrays(ListedRows(x), ListedRows(y), *(ListedRows(array) for array in others))
    return Batches(SplitArrays(x, y, *others), **chosen), Batches(listed, **chosen)


def copied(batches: Batches, step: int) -> list[NDArray[Any]]:
    return [part.copy() for part in batches.batch(step) if part is not None]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", [100, 160, 161, 567])
@pytest.mark.parametrize("batch_size", [1, 7, 64, 170, 500, "full"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_do_not_depend_on_where_rows_are_stored(
    rows: int, batch_size: object, shuffle: bool
) -> None:
    in_memory, windowed = in_memory_and_windowed(rows, batch_size=batch_size, shuffle=shuffle)
    for epoch in (0, 1):
        in_memory.begin(epoch)
        windowed.begin(epoch)
        for step in range(in_memory.steps):
            for one, other in zip(copied(in_memory, step), copied(windowed, step), strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("small_blocks")
def test_epoch_can_be_resumed_at_any_step() -> None:
    in_memory, windowed = in_memory_and_windowed(500)
    in_memory.begin(3)
    for step in (60, 3, 22, 71):
        windowed.begin(3)
        np.testing.assert_array_equal(in_memory.batch(step)[0], windowed.batch(step)[0])


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("batch_size", [7, "full"])
def test_weights_of_loss_and_metrics_in_one_array_are_read_once(batch_size: Any) -> None:
    weights = ListedRows(np.arange(500.0))
    split = SplitArrays(
        ListedRows(np.zeros((500, 1))), ListedRows(weights.values), weights, weights
    )
    batches = Batches(split, batch_size=batch_size, shuffle=True, seed=0)
    batches.begin(0)
    batch = batches.batch(0)
    assert batch.weights is batch.sample_weights
    np.testing.assert_array_equal(batch.weights, batch.y)
    assert len(weights.asked) == len(set(weights.asked))


@pytest.mark.usefixtures("small_blocks")
def test_windowed_rows_are_read_once_per_epoch_in_blocks() -> None:
    x = ListedRows(np.zeros((500, 1), np.float32))
    split = SplitArrays(x, ListedRows(np.zeros(500)))
    batches = Batches(split, batch_size=7, shuffle=True, seed=0)
    batches.begin(1)
    for step in range(batches.steps):
        batches.batch(step)
    assert sorted(x.asked) == [(start, start + 10) for start in range(0, 500, 10)]
