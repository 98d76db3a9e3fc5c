"""Metrics of numbers of any size: asked for together as alone, in proportion to the target."""

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.arrays import Floats
from engine.data.split_arrays import SplitArrays
from engine.metrics import build_accumulator
from engine.metrics.streaming import STREAMING_METRICS
from engine.preprocessing.fitted import FittedTarget, InputsTarget, NumericTarget, NumericTargets
from engine.specs import MetricName, NumberMetric, ResolvedOutput
from tests.engine.examples import draw

ALL: tuple[MetricName, ...] = get_args(NumberMetric)
STREAMED: tuple[MetricName, ...] = ("mse", "rmse", "mae", "r2")
# By how many times a metric grows with the target, as an exponent.
POWER: dict[str, int] = {"mse": 2, "rmse": 1, "mae": 1}
ROWS = 30
SCALES = st.floats(-300, 300).map(lambda exponent: 10.0**exponent)
DTYPES = st.sampled_from([np.float32, np.float64])
WEIGHTS = np.array([0.0, *np.linspace(0.1, 1.9, ROWS - 1)])


def compute(
    names: tuple[MetricName, ...], target: FittedTarget, outputs: Floats, split: SplitArrays
) -> dict[str, Any]:
    output = ResolvedOutput(units=outputs.shape[1], activation="linear")
    tally = build_accumulator(names, target, split, output)
    with np.errstate(all="ignore"):
        for start in range(0, ROWS, 7):
            rows = slice(start, start + 7)
            tally.update(0.0, outputs[rows], split.read(rows))
    return tally.result()


def scaled_by_preparation(
    scale: float, dtype: type[np.floating], *, weighted: bool, targets: int = 1
) -> tuple[FittedTarget, Floats, SplitArrays]:
    """Return targets of this size, standardized: `(target, outputs, split)`."""
    own = (draw(ROWS, targets) + 3) * scale
    fitted = tuple(
        NumericTarget(f"y{index}", center=3.0 * scale, scale=scale) for index in range(targets)
    )
    y = ((own - 3.0 * scale) / scale).astype(dtype)
    weights = WEIGHTS if weighted else None
    split = SplitArrays(np.empty((ROWS, 0), dtype), y, sample_weights=weights, values=own)
    target = fitted[0] if targets == 1 else NumericTargets(fitted)
    return target, draw(ROWS, targets, seed=1).astype(dtype), split


def unscaled(
    scale: float, dtype: type[np.floating], *, weighted: bool
) -> tuple[FittedTarget, Floats, SplitArrays]:
    """Return targets of this size that the network predicts as they are."""
    own = (draw(ROWS, 1) + 3) * scale
    weights = WEIGHTS if weighted else None
    y = own.astype(dtype)
    split = SplitArrays(np.empty((ROWS, 0), dtype), y, sample_weights=weights, values=own)
    outputs = ((draw(ROWS, 1, seed=1) + 3) * scale).astype(dtype)
    return NumericTarget("y", center=0.0, scale=1.0), outputs, split


def require_in_proportion(
    found: dict[str, Any], expected: dict[str, Any], scale: float, rel: float
) -> None:
    """Check metrics against those of a target of size 1."""
    for name, value in expected.items():
        wanted = value
        for _ in range(POWER.get(name, 0)):
            wanted *= scale
        if math.isfinite(wanted):
            # Numbers below the smallest normal one have fewer digits.
            assert found.pop(name) == pytest.approx(wanted, rel=rel, abs=1e-307), name
    assert found == {}


@settings(max_examples=25, deadline=None)
@given(scale=SCALES, dtype=DTYPES, weighted=st.booleans())
def test_metrics_are_in_proportion_to_a_standardized_target(
    scale: float, dtype: type[np.floating], weighted: bool
) -> None:
    rel = 1e-4 if dtype is np.float32 else 1e-10
    for names in (ALL, STREAMED, *((name,) for name in ALL)):
        expected = compute(names, *scaled_by_preparation(1.0, dtype, weighted=weighted))
        assert expected.keys() == set(names)
        found = compute(names, *scaled_by_preparation(scale, dtype, weighted=weighted))
        require_in_proportion(found, expected, scale, rel)


@settings(max_examples=25, deadline=None)
@given(scale=SCALES, weighted=st.booleans())
def test_metrics_are_in_proportion_to_a_target_that_is_not_scaled(
    scale: float, weighted: bool
) -> None:
    for names in (ALL, STREAMED):
        expected = compute(names, *unscaled(1.0, np.float64, weighted=weighted))
        found = compute(names, *unscaled(scale, np.float64, weighted=weighted))
        require_in_proportion(found, expected, scale, 1e-10)


@settings(max_examples=25, deadline=None)
@given(exponent=st.integers(-30, 30), weighted=st.booleans())
def test_squares_that_float32_cannot_hold_are_summed(exponent: int, weighted: bool) -> None:
    scale = 10.0**exponent
    for names in (ALL, STREAMED):
        expected = compute(names, *unscaled(1.0, np.float32, weighted=weighted))
        found = compute(names, *unscaled(scale, np.float32, weighted=weighted))
        require_in_proportion(found, expected, scale, 1e-4)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("targets", [1, 3])
def test_metrics_asked_for_together_equal_those_asked_for_alone(
    scale: float, weighted: bool, targets: int
) -> None:
    given_rows = scaled_by_preparation(scale, np.float64, weighted=weighted, targets=targets)
    together = compute(ALL, *given_rows)
    left_out = {"mse"} if scale > 1e154 else set()
    assert {name for name in ALL if name in together} == {*ALL} - left_out
    for name in ALL:
        alone = compute((name,), *given_rows)
        assert alone.keys() <= together.keys()
        for key, value in alone.items():
            np.testing.assert_allclose(
                np.array(value, np.float64), np.array(together[key], np.float64), 1e-12
            )


def test_one_target_beyond_the_range_hides_no_other() -> None:
    targets = NumericTargets(
        (NumericTarget("a", 0.0, 1e160), NumericTarget("b", 0.0, 1.0), NumericTarget("c", 0.0, 2.0))
    )
    split = SplitArrays(np.empty((ROWS, 0)), draw(ROWS, 3))
    found = compute(STREAMED, targets, draw(ROWS, 3, seed=1), split)
    assert "mse" not in found
    first, second, third = found["mse_per_target"]
    assert first is None
    assert second > 0
    assert third > 0
    assert {"rmse", "mae", "r2"} <= found.keys()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["", "weighted"])
def test_reconstructions_are_in_proportion_to_the_inputs(
    scale: float, weights: Floats | None
) -> None:
    def of(scale: float) -> dict[str, Any]:
        # The last input is constant.
        x = (draw(ROWS, 3) * [1, 10, 0] + [0, 3, 1]) * scale
        split = SplitArrays(x, x, weights, weights)
        return compute(STREAMED, InputsTarget(), x + draw(ROWS, 3, seed=1) * scale, split)

    assert of(1.0).keys() == set(STREAMED)
    require_in_proportion(of(scale), of(1.0), scale, 1e-10)


def test_reconstructions_whose_squares_float32_cannot_hold() -> None:
    x = (draw(ROWS, 3) * 1e30).astype(np.float32)
    outputs = x + (draw(ROWS, 3, seed=1) * 1e30).astype(np.float32)
    wide = x.astype(np.float64)
    found = compute(STREAMED, InputsTarget(), outputs, SplitArrays(x, x))
    expected = compute(
        STREAMED, InputsTarget(), outputs.astype(np.float64), SplitArrays(wide, wide)
    )
    assert found == pytest.approx(expected, rel=1e-5)


def test_streamed_metrics_are_all_that_need_no_row() -> None:
    assert {*STREAMED} == STREAMING_METRICS & {*ALL}
