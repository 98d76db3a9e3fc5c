import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numerics.norms import euclidean_norm, largest_magnitude
from engine.specs import ClipByNorm, ClipByValue, GradientClip
from engine.training.gradient_clipping import build_clip
from tests.engine.examples import draw

both = pytest.mark.parametrize("spec", [ClipByValue(limit=2.0), ClipByNorm(limit=2.0)])
both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_gradients_are_unchanged_without_clipping() -> None:
    g = draw(5)
    build_clip(None)(g)
    np.testing.assert_array_equal(g, draw(5))


def test_clip_by_value_is_elementwise() -> None:
    g = np.array([-3.0, -2.0, 0.5, 2.0, math.pi])
    build_clip(ClipByValue(limit=2.0))(g)
    np.testing.assert_array_equal(g, [-2, -2, 0.5, 2, 2])


def test_clip_by_norm_keeps_the_direction() -> None:
    g = np.array([3.0, -4.0])
    build_clip(ClipByNorm(limit=1.0))(g)
    np.testing.assert_allclose(g, [0.6, -0.8], rtol=1e-15)


@both
def test_gradients_within_the_limit_are_unchanged(spec: GradientClip) -> None:
    g = np.array([0.5, -1.5, 0.0])
    build_clip(spec)(g)
    np.testing.assert_array_equal(g, [0.5, -1.5, 0.0])


def test_a_gradient_as_long_as_the_limit_is_unchanged() -> None:
    unit = 2.0**-40
    g = np.array([3 * unit, -4 * unit])
    build_clip(ClipByNorm(limit=5 * unit))(g)
    np.testing.assert_array_equal(g, [3 * unit, -4 * unit])


@both_types
@pytest.mark.parametrize("length", [1e-36, 1e-12, 1.0, 1e30])
@pytest.mark.parametrize("share", [1e-9, 0.5, 0.999, 1.001, 1e9])
def test_clip_by_norm_is_the_formula_at_any_scale(dtype: Any, length: float, share: float) -> None:
    direction = draw(50) / np.linalg.norm(draw(50))
    g = (length * direction).astype(dtype)
    limit = min(length * share, 1e9)
    norm = float(np.linalg.norm(g.astype(np.float64)))
    expected = g.astype(np.float64) * min(1.0, limit / norm)
    build_clip(ClipByNorm(limit=limit))(g)
    smallest = float(np.finfo(dtype).smallest_subnormal)
    np.testing.assert_allclose(g, expected, rtol=10 * np.finfo(dtype).eps, atol=2 * smallest)


@both_types
def test_limit_below_the_smallest_number_of_the_type_leaves_zeros(dtype: Any) -> None:
    g = np.array([1.0, -2.0, 0.0], dtype)
    build_clip(ClipByNorm(limit=5e-324))(g)
    assert np.abs(g).max() <= 5e-324


@both_types
def test_huge_gradients_are_not_clipped_to_zero(dtype: Any) -> None:
    huge = np.finfo(dtype).max / 2
    g = np.array([huge, -huge, 0.0, huge], dtype)
    build_clip(ClipByNorm(limit=1e-6))(g)
    np.testing.assert_allclose(g, 1e-6 * np.array([1, -1, 0, 1]) / math.sqrt(3), rtol=1e-5)


@pytest.mark.parametrize("limit", [1e-300, 1.0])
def test_zero_gradient_stays_zero(limit: float) -> None:
    g = np.zeros(3, np.float32)
    build_clip(ClipByNorm(limit=limit))(g)
    np.testing.assert_array_equal(g, 0)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9), st.floats(1e-3, 1e9))
def test_no_clipped_gradient_is_longer_than_the_limit(values: list[float], limit: float) -> None:
    g = np.array(values)
    build_clip(ClipByNorm(limit=limit))(g)
    assert math.hypot(*g) <= limit * (1 + 1e-12)


@both
def test_clipping_takes_no_memory(spec: GradientClip) -> None:
    g, clip = draw(100_000), build_clip(spec)
    tracemalloc.start()
    try:
        clip(g)
        assert tracemalloc.get_traced_memory()[1] < 10_000
    finally:
        tracemalloc.stop()


@both_types
@pytest.mark.parametrize("scale", [1e-36, 1e-15, 1.0, 1e15, 1e36])
def test_norm_is_accurate_at_any_scale(dtype: Any, scale: float) -> None:
    vector = draw(100_000)
    expected = scale * np.linalg.norm(vector)
    assert euclidean_norm((scale * vector).astype(dtype)) == pytest.approx(expected, rel=1e-4)


def test_norm_of_an_empty_array_is_zero() -> None:
    assert euclidean_norm(np.zeros(0)) == largest_magnitude(np.zeros(0)) == 0


def test_norm_of_non_finite_numbers_is_not_finite() -> None:
    assert euclidean_norm(np.array([1.0, -math.inf])) == math.inf
    assert math.isnan(euclidean_norm(np.array([1.0, math.nan])))
