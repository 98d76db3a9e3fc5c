"""Splits by group: no group on two sides, groups balanced by rows, drawn by the seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.arrays import Indices
from engine.data.group_splits import draw_group_folds, group_indices, split_groups
from tests.engine.examples import levels, numbers, truths

SIZES = st.lists(st.integers(1, 9), min_size=2, max_size=30)


def rows_of(sizes: list[int], seed: int, classes: int = 3) -> tuple[Indices, Indices]:
    """Return group and class of each row, in random order."""
    random = np.random.default_rng(seed)
    groups = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return groups, random.integers(0, classes, len(groups))


def sides_of(groups: Indices, side: Indices) -> list[set[int]]:
    return [set(side[groups == group].tolist()) for group in range(int(groups.max()) + 1)]


@pytest.mark.parametrize(
    "column", [numbers(7, 2, None, 7, None), levels("b", "a", None, "b", None)]
)
def test_rows_without_a_value_are_groups_of_their_own(column: object) -> None:
    found = group_indices(column, np.arange(5)).tolist()  # type: ignore[arg-type]
    assert found[0] == found[3]
    assert len(set(found)) == 4
    assert set(found) == {0, 1, 2, 3}


def test_groups_of_selected_rows_are_numbered_without_gaps() -> None:
    column = truths(True, False, None, True)
    assert group_indices(column, np.array([0, 3])).tolist() == [0, 0]


@given(sizes=SIZES, fraction=st.floats(0.01, 0.99), seed=st.integers(0, 9))
def test_no_group_is_on_both_sides(sizes: list[int], fraction: float, seed: int) -> None:
    groups, classes = rows_of(sizes, seed)
    training, validation = split_groups(groups, classes, fraction, seed)
    assert not set(groups[training]) & set(groups[validation])
    both = np.sort(np.concatenate((training, validation)))
    np.testing.assert_array_equal(both, np.arange(len(groups)))
    assert len(training) > 0
    assert len(validation) > 0


@given(sizes=SIZES, fraction=st.floats(0.1, 0.9), seed=st.integers(0, 9))
def test_share_of_rows_is_as_near_as_the_groups_allow(
    sizes: list[int], fraction: float, seed: int
) -> None:
    groups, classes = rows_of(sizes, seed)
    _, validation = split_groups(groups, np.zeros_like(classes), fraction, seed)
    assert abs(len(validation) - fraction * len(groups)) <= max(sizes)


def test_share_is_alike_in_every_class() -> None:
    groups, classes = rows_of([3] * 400, 1)
    _, validation = split_groups(groups, classes, 0.25, 0)
    share = np.bincount(classes[validation]) / np.bincount(classes)
    np.testing.assert_allclose(share, 0.25, atol=0.02)


@pytest.mark.parametrize(("fraction", "validated"), [(0.01, 1), (0.99, 2)])
def test_each_side_keeps_a_group(fraction: float, validated: int) -> None:
    groups = np.repeat(np.arange(3), 4)
    _, validation = split_groups(groups, np.zeros(12, np.intp), fraction, 0)
    assert len(set(groups[validation])) == validated


@given(sizes=SIZES, folds=st.integers(2, 6), seed=st.integers(0, 9), classes=st.integers(1, 4))
def test_every_fold_has_whole_groups(sizes: list[int], folds: int, seed: int, classes: int) -> None:
    sizes = [*sizes, *([1] * folds)]
    groups, of_class = rows_of(sizes, seed, classes)
    fold_of = draw_group_folds(groups, of_class, folds, seed)
    assert all(len(sides) == 1 for sides in sides_of(groups, fold_of))
    assert set(fold_of) == set(range(folds))


@given(folds=st.integers(2, 6), rows=st.integers(6, 60), seed=st.integers(0, 9))
def test_groups_of_one_row_are_stratified_exactly(folds: int, rows: int, seed: int) -> None:
    classes = np.random.default_rng(seed).integers(0, 3, rows)
    fold_of = draw_group_folds(np.arange(rows), classes, folds, seed)
    counts = np.zeros((folds, 3), np.intp)
    np.add.at(counts, (fold_of, classes), 1)
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_folds_are_determined_by_seed_and_repeat() -> None:
    groups, classes = rows_of([2] * 40, 0)
    first, again, seeded, repeated = (
        draw_group_folds(groups, classes, 5, seed, repeat).tolist()
        for seed, repeat in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    assert first == again
    assert len({tuple(first), tuple(seeded), tuple(repeated)}) == 3
