"""Folds in the order of a column: an expanding window that equal values do not straddle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.ordered_folds import count_values, ordered_blocks


def test_blocks_of_distinct_values_are_equal_and_the_first_rows_only_train() -> None:
    values = np.array([8, 0, 7, 1, 6, 2, 5, 3, 4], np.float64)
    blocks = ordered_blocks(values, 3)
    assert blocks[np.argsort(values)].tolist() == [-1, -1, -1, 0, 0, 1, 1, 2, 2]


def test_rows_without_a_value_always_train() -> None:
    blocks = ordered_blocks(np.array([1, np.nan, 2, 3, np.nan]), 2)
    assert blocks.tolist() == [-1, -1, 0, 1, -1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 1, 1, 2, 3], [-1, -1, -1, -1, 0, 1]),
        ([1, 2, 3, 3, 3, 3], [-1, 0, 1, 1, 1, 1]),
        ([1, 1, 2, 2, 2, 3], [-1, -1, 0, 0, 0, 1]),
        ([1, 1, 1, 2, 3, 3], [-1, -1, -1, 0, 1, 1]),
    ],
)
def test_bound_moves_to_the_nearest_end_of_equal_values(
    values: list[float], expected: list[int]
) -> None:
    assert ordered_blocks(np.array(values, np.float64), 2).tolist() == expected


@given(
    values=st.lists(st.one_of(st.integers(0, 12), st.none()), min_size=4, max_size=60),
    folds=st.integers(2, 6),
)
def test_equal_values_are_in_one_block_and_blocks_follow_the_order(
    values: list[int | None], folds: int
) -> None:
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    if count_values(numbers) <= folds:
        return
    blocks = ordered_blocks(numbers, folds)
    present = ~np.isnan(numbers)
    assert set(blocks[present]) == set(range(-1, folds))
    assert set(blocks[~present]) <= {-1}
    for block in range(folds):
        assert numbers[present & (blocks < block)].max() < numbers[blocks == block].min()
