import numpy as np
import pytest

from engine.batches import Batches


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
