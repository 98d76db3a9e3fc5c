from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import shuffle
from engine.data.batches import Batches
from tests.engine.examples import ListedRows


def rows_of(batches: Batches, epoch: int) -> list[int]:
    """The rows of an epoch in order, as told by their targets; x must agree."""
    batches.begin(epoch)
    seen: list[int] = []
    for step in range(batches.steps):
        x, y, weights = batches.batch(step)
        np.testing.assert_array_equal(x[:, 0], y * 10)
        assert weights is not None
        np.testing.assert_array_equal(weights, y + 0.5)
        seen += y.tolist()
    return seen


def make_batches(rows: int, **options: object) -> Batches:
    y = np.arange(rows)
    chosen = {"batch_size": 4, "shuffle": True, "seed": 0} | options
    return Batches(y[:, np.newaxis] * 10.0, y, y + 0.5, **chosen)  # type: ignore[arg-type] # a test's options


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 99, "full"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_is_every_row_once(batch_size: object, shuffle: bool) -> None:
    batches = make_batches(10, batch_size=batch_size, shuffle=shuffle)
    seen = rows_of(batches, 0)
    assert sorted(seen) == list(range(10))
    if not shuffle:
        assert seen == list(range(10))


def test_each_epoch_has_its_own_order_that_the_seed_repeats() -> None:
    batches = make_batches(10)
    first, second = rows_of(batches, 0), rows_of(batches, 1)
    assert first != second
    assert rows_of(make_batches(10), 1) == second
    assert rows_of(make_batches(10, seed=1), 1) != second


def test_full_batch_is_the_data_itself() -> None:
    x, y = np.zeros((5, 2)), np.arange(5)
    batches = Batches(x, y, batch_size="full", shuffle=True, seed=0)
    batches.begin(0)
    assert np.shares_memory(batches.batch(0)[0], x)


def test_rows_that_count_alike_have_no_weights() -> None:
    batches = Batches(np.zeros((5, 2)), np.arange(5), batch_size=2, shuffle=True, seed=0)
    batches.begin(0)
    assert batches.batch(0)[2] is None


def test_last_batch_is_what_remains() -> None:
    batches = make_batches(10)
    batches.begin(0)
    assert batches.steps == 3
    assert len(batches.batch(2)[0]) == 2
    assert len(batches.batch(0)[0]) == 4


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 40 bytes, which are 10 rows; windows of 16 of them."""
    monkeypatch.setattr(shuffle, "BLOCK_BYTES", 40)
    monkeypatch.setattr(shuffle, "WINDOW_BYTES", 640)


def both_ways(rows: int, **options: Any) -> tuple[Batches, Batches]:
    """The same rows in memory, and elsewhere."""
    x = np.arange(rows, dtype=np.float32)[:, np.newaxis]
    y, weights = np.arange(rows) * 2, np.arange(rows) + 0.5
    chosen = {"batch_size": 7, "shuffle": True, "seed": 5} | options
    elsewhere = (ListedRows(x), ListedRows(y), ListedRows(weights))
    return Batches(x, y, weights, **chosen), Batches(*elsewhere, **chosen)


def copied(batches: Batches, step: int) -> list[NDArray[Any]]:
    return [part.copy() for part in batches.batch(step) if part is not None]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", [100, 160, 161, 567])
@pytest.mark.parametrize("batch_size", [1, 7, 64, 170, 500, "full"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_the_same_wherever_the_rows_are(
    rows: int, batch_size: object, shuffle: bool
) -> None:
    here, there = both_ways(rows, batch_size=batch_size, shuffle=shuffle)
    for epoch in (0, 1):
        here.begin(epoch)
        there.begin(epoch)
        for step in range(here.steps):
            for one, other in zip(copied(here, step), copied(there, step), strict=True):
                np.testing.assert_array_equal(one, other)


@pytest.mark.usefixtures("small_blocks")
def test_an_epoch_can_be_entered_anywhere() -> None:
    here, there = both_ways(500)
    here.begin(3)
    for step in (60, 3, 22, 71):
        there.begin(3)
        np.testing.assert_array_equal(here.batch(step)[0], there.batch(step)[0])


@pytest.mark.usefixtures("small_blocks")
def test_rows_elsewhere_are_read_once_an_epoch_and_a_block_at_a_time() -> None:
    x = ListedRows(np.zeros((500, 1), np.float32))
    batches = Batches(x, ListedRows(np.zeros(500)), batch_size=7, shuffle=True, seed=0)
    batches.begin(1)
    for step in range(batches.steps):
        batches.batch(step)
    assert sorted(x.asked) == [(start, start + 10) for start in range(0, 500, 10)]
