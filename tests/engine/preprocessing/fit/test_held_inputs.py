"""Search for inputs that never vary, in chunks of rows."""

import numpy as np
import pytest

from engine.preprocessing.fit import InputVariation, still_held
from engine.preprocessing.fitted import FittedCodes, FittedColumn, FittedNumeric
from engine.preprocessing.held_inputs import HeldCodes, HeldInputs

NUMBERS: list[FittedColumn] = [FittedNumeric(f"n{index}", 0, 1, 0) for index in range(6)]


@pytest.mark.parametrize("seed", range(10))
def test_inputs_that_are_equal_in_all_rows_are_found(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.integers(0, 2, (int(random.integers(1, 90)), 6)).astype(np.float32)
    x[:, :2] = random.normal(size=2)
    x[:-1, 2] = 0.0
    x[:, 3] = np.where(np.arange(len(x)) % 2, 0.0, -0.0)  # equal numbers
    variation, start = InputVariation(NUMBERS, 6), 0
    while start < len(x):
        size = int(random.integers(1, 40))
        variation.add(x[start : start + size])
        start += size
    constant = np.flatnonzero((x == x[0]).all(axis=0)).tolist()
    held = variation.find_held()
    assert held == HeldInputs(tuple(constant), tuple(x[0, constant].tolist()))
    assert {0, 1, 3} <= {*held.inputs}


def test_unused_codes_are_replaced_by_the_most_frequent_one() -> None:
    columns: list[FittedColumn] = [NUMBERS[0], FittedCodes("c", ("a", "b", "c"), rest=True)]
    variation = InputVariation(columns, 2)
    for code in (1, 3, 3):
        variation.add(np.array([[code, code]], np.float32))
    held = variation.find_held()
    assert held == HeldInputs(codes=(HeldCodes(1, (0, 2, 4), 3),))
    x = np.array([[0, code] for code in range(5)], np.float32)
    assert held.find_changes(x)[:, 0].tolist() == [True, False, True, False, True]
    held.apply(x)
    assert x[:, 1].tolist() == [3, 1, 3, 3, 3]
    assert x[:, 0].tolist() == [0] * 5


def test_without_rows_nothing_is_held() -> None:
    variation = InputVariation(NUMBERS, 6)
    variation.add(np.zeros((0, 6)))
    assert not variation.find_held()


def test_only_what_was_held_and_is_constant_now_stays_held() -> None:
    before = HeldInputs(
        (0, 2, 3), (5.0, 6.0, 7.0), (HeldCodes(8, (0, 2), 1), HeldCodes(9, (0,), 1))
    )
    now = HeldInputs((0, 1, 3), (9.0, 9.0, 7.0), (HeldCodes(8, (2, 3), 4),))
    assert still_held(before, now) == HeldInputs((0, 3), (5.0, 7.0), (HeldCodes(8, (2,), 1),))
