"""Row order of an epoch."""

import numpy as np
import pytest

from engine.data import shuffle
from engine.data.shuffle import BLOCK_BYTES, WINDOW_BYTES, ShuffleOrder
from engine.random import Stream, generator


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 40 bytes; windows of 16 blocks."""
    monkeypatch.setattr(shuffle, "BLOCK_BYTES", 40)
    monkeypatch.setattr(shuffle, "WINDOW_BYTES", 640)


def test_data_no_larger_than_a_window_are_permuted_as_a_whole() -> None:
    rows = WINDOW_BYTES // 4096
    order = ShuffleOrder(rows, 4096, seed=3)
    order.begin(5)
    expected = generator(3, Stream.ORDER, 5).permutation(rows)
    np.testing.assert_array_equal(order.indices(), expected)
    assert order.blocks(0) == [slice(0, rows)]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("rows", [161, 200, 333, 1000])
@pytest.mark.parametrize("row_bytes", [4, 7, 50])
def test_every_row_occurs_once(rows: int, row_bytes: int) -> None:
    order = ShuffleOrder(rows, row_bytes, seed=0)
    for epoch in (1, 2):
        order.begin(epoch)
        np.testing.assert_array_equal(np.sort(order.indices()), np.arange(rows))
        assert max(np.diff(order.starts)) <= order.window_rows


@pytest.mark.usefixtures("small_blocks")
def test_rows_of_a_window_are_those_of_its_blocks() -> None:
    order = ShuffleOrder(1003, 4, seed=1)
    order.begin(2)
    indices = order.indices()
    for window in range(len(order.starts) - 1):
        rows = [row for block in order.blocks(window) for row in range(block.start, block.stop)]
        taken = indices[order.starts[window] : order.starts[window + 1]]
        assert sorted(taken.tolist()) == sorted(rows)
        assert taken.tolist() != rows


@pytest.mark.usefixtures("small_blocks")
def test_order_is_determined_by_seed_and_epoch() -> None:
    def order_of(seed: int, epoch: int) -> list[int]:
        order = ShuffleOrder(500, 4, seed)
        order.begin(epoch)
        return [int(row) for row in order.indices()]

    assert order_of(1, 4) == order_of(1, 4)
    assert len({tuple(order_of(*key)) for key in ((1, 4), (2, 4), (1, 5))}) == 3


def test_a_row_larger_than_a_block_is_a_block() -> None:
    order = ShuffleOrder(20, 2 * BLOCK_BYTES, seed=0)
    assert order.window_rows == 16
    np.testing.assert_array_equal(np.sort(order.indices()), np.arange(20))
