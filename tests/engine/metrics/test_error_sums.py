"""Sums of squares of any size: in one batch or in many, weighted or not."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Floats
from engine.metrics.error_sums import (
    SquareSum,
    add_squares,
    read_squares,
    sum_absolute,
    sum_squares,
)
from engine.metrics.names import mean_and_list
from engine.metrics.weighted import Weights, weighted_mean
from tests.engine.examples import draw

EXPONENTS = st.integers(-300, 300)
WEIGHTS = np.linspace(0.5, 1.5, 20)


def exact(values: Floats, weights: Floats | None = None) -> Fraction:
    """Return Σ w v² without rounding."""
    w = np.ones(len(values)) if weights is None else weights
    rows = zip(values.reshape(len(values), -1).tolist(), w.tolist(), strict=True)
    squares = (Fraction(v) ** 2 * Fraction(weight) for row, weight in rows for v in row)
    return sum(squares, Fraction(0))


def require_equal(found: SquareSum, expected: Fraction) -> None:
    ratio = Fraction(found.value) * Fraction(found.unit) ** 2 / expected
    assert float(ratio) == pytest.approx(1, rel=1e-13)


@settings(max_examples=60, deadline=None)
@given(
    exponents=st.lists(EXPONENTS, min_size=1, max_size=6),
    weighted=st.booleans(),
    columns=st.sampled_from([(), (3,)]),
    is_pairwise=st.booleans(),
)
def test_batches_of_any_size_add_up(
    exponents: list[int], weighted: bool, columns: tuple[int, ...], is_pairwise: bool
) -> None:
    if is_pairwise:
        columns = ()
    sums, expected = {"squared": 0.0}, Fraction(0)
    weights = WEIGHTS if weighted else None
    with np.errstate(all="ignore"):
        for seed, exponent in enumerate(exponents):
            batch = draw(20, *columns, seed=seed) * 10.0**exponent
            add_squares(sums, "squared", sum_squares(batch, weights, is_pairwise=is_pairwise))
            expected += exact(batch, weights)
    require_equal(read_squares(sums, "squared"), expected)
    assert json.loads(json.dumps(sums, allow_nan=False)) == sums


@pytest.mark.parametrize("scale", [1e-30, 1e-15, 1.0, 1e15, 1e30])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
@pytest.mark.parametrize("columns", [(), (3,)])
def test_squares_beyond_float32_are_summed(
    scale: float, weights: Weights, columns: tuple[int, ...]
) -> None:
    values = (draw(20, *columns) * scale).astype(np.float32)
    with np.errstate(all="ignore"):
        found = sum_squares(values, weights)
    ratio = Fraction(found.value) * Fraction(found.unit) ** 2 / exact(values, weights)
    assert float(ratio) == pytest.approx(1, rel=1e-5)


def test_sums_of_ordinary_squares_have_no_unit() -> None:
    sums = {"squared": 0.0}
    for values in (draw(5), np.zeros(5), draw(5) * 1e-5):
        add_squares(sums, "squared", sum_squares(values, None))
    assert sums.keys() == {"squared"}


def test_a_sum_without_a_number_is_not_finite() -> None:
    for value in (math.inf, math.nan):
        values = np.array([1.0, value])
        with np.errstate(all="ignore"):
            found = sum_squares(values, None)
        assert not math.isfinite(found.root_mean(2))
        assert math.isnan(SquareSum(1.0).ratio_to(found))


def test_ratio_and_roots_of_sums_beyond_the_range() -> None:
    huge, tiny = SquareSum(4.0, 2.0**600), SquareSum(4.0, 2.0**-600)
    assert huge.root_mean(4) == 2.0**600
    assert huge.mean(1) == math.inf
    assert huge.ratio_to(SquareSum(1.0, 2.0**600)) == 4.0
    assert huge.ratio_to(tiny) == math.inf
    assert tiny.ratio_to(huge) == 0.0


def test_absolute_values_beyond_float32_are_summed() -> None:
    values = np.full((4, 3), -2e38, np.float32)
    with np.errstate(over="ignore"):
        assert sum_absolute(values.copy(), None) == pytest.approx(24e38)
        assert sum_absolute(values, np.ones(4)) == pytest.approx(24e38)


def test_a_mean_whose_sum_overflows_is_finite() -> None:
    values = np.array([1.5e308, 1.7e308, -1e308, 1.6e308])
    with np.errstate(over="ignore"):
        assert weighted_mean(values, None) == pytest.approx(0.95e308)
        assert weighted_mean(values, np.array([3.0, 1, 0, 0])) == pytest.approx(1.55e308)
        assert weighted_mean(np.array([1.0, math.inf]), None) == math.inf


def test_the_mean_over_targets_does_not_overflow() -> None:
    found = mean_and_list("rmse", "_per_target", [1.6e308, 1.7e308, None])
    assert found["rmse"] == pytest.approx(1.65e308)
    for values in ([1.0, math.inf], [math.inf, -math.inf]):
        mean = mean_and_list("rmse", "_per_target", values)["rmse"]
        assert isinstance(mean, float)
        assert math.isnan(mean)
