"""Repeated values are found in bounded memory."""

import numpy as np
import pytest
from numpy.typing import NDArray

from store.intake.statistics.repeats import MAX_KEPT, RepeatSearch

ROWS = 100_000


def has_repeats(values: NDArray[np.float64], batch: int = 7000) -> bool:
    search = RepeatSearch()
    for start in range(0, len(values), batch):
        search.add(values[start : start + batch])
    return search.has_repeats


@pytest.mark.parametrize("step", [1, 7, 4096, 2**33])
def test_different_numbers_have_none(step: int) -> None:
    values = step * np.random.default_rng(0).permutation(ROWS).astype(float)
    assert not has_repeats(values)


@pytest.mark.parametrize("count", [2, MAX_KEPT])
def test_a_single_repetition_is_found_exactly(count: int) -> None:
    assert has_repeats(np.append(np.arange(1.0, count), 1), 1000)


def test_one_in_a_hundred_is_found_in_any_number_of_values() -> None:
    values = np.arange(float(ROWS))
    assert has_repeats(np.append(values, values[: ROWS // 100]))


def test_zeros_of_both_signs_are_equal_and_missing_values_are_none() -> None:
    assert has_repeats(np.array([0.0, 1.0, -0.0]))
    assert not has_repeats(np.array([np.nan, 1.0, np.nan]))
