import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.data.splits import count_validation_rows, split, split_by_class

FRACTIONS = st.floats(0.01, 0.99)


@given(rows=st.integers(2, 200), fraction=FRACTIONS, seed=st.integers(0, 9))
def test_every_row_is_in_one_subset(rows: int, fraction: float, seed: int) -> None:
    training, validation = split(rows, fraction, seed)
    np.testing.assert_array_equal(np.sort(np.concatenate((training, validation))), np.arange(rows))
    assert len(validation) == count_validation_rows(rows, fraction)
    assert len(training) >= 1
    assert len(validation) >= 1


@given(
    counts=st.lists(st.integers(1, 40), min_size=2, max_size=5).filter(lambda c: sum(c) > len(c)),
    fraction=FRACTIONS,
    seed=st.integers(0, 9),
)
def test_every_class_keeps_its_share_and_a_training_row(
    counts: list[int], fraction: float, seed: int
) -> None:
    classes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    training, validation = split_by_class(classes, fraction, seed)
    everything = np.sort(np.concatenate((training, validation)))
    np.testing.assert_array_equal(everything, np.arange(len(classes)))
    validation_counts = np.bincount(classes[validation], minlength=len(counts))
    assert validation_counts.sum() == count_validation_rows(len(classes), fraction, len(counts))
    assert np.all(np.array(counts) - validation_counts >= 1)


def test_shares_are_within_a_row_of_the_fraction() -> None:
    counts = np.array([50, 31, 19])
    classes = np.repeat(np.arange(3), counts)
    _, validation = split_by_class(classes, 0.2, 0)
    validation_counts = np.bincount(classes[validation])
    assert validation_counts.sum() == 20
    assert np.all(np.abs(validation_counts - 0.2 * counts) < 1)


def test_class_without_rows_is_ignored() -> None:
    training, validation = split_by_class(np.array([0, 0, 2, 2]), 0.5, 0)
    assert len(training) == len(validation) == 2


def test_split_is_determined_by_the_seed() -> None:
    first, again, other = (split(100, 0.2, seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("rows", "fraction", "classes", "expected"),
    [(100, 0.2, 1, 20), (2, 0.01, 1, 1), (2, 0.99, 1, 1), (10, 0.9, 3, 7), (3, 0.2, 3, 0)],
)
def test_number_of_validation_rows(rows: int, fraction: float, classes: int, expected: int) -> None:
    assert count_validation_rows(rows, fraction, classes) == expected
