"""Preprocessing compared with scikit-learn's, on random columns with missing values."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import Column, NumericColumn
from engine.preprocessing.fitted import FittedCategories, NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import FLOAT64, Matrix, fit, levels

SCALERS = {
    "standardize": "StandardScaler",
    "min_max": "MinMaxScaler",
    "robust": "RobustScaler",
    "none": "FunctionTransformer",
}
# Quarters: some values are equal, and no two are close enough for rounding to matter.
VALUES = st.integers(-400, 400).map(lambda quarter: quarter / 4)
WITH_GAPS = st.lists(st.none() | VALUES, min_size=3, max_size=30).filter(
    lambda values: len({value for value in values if value is not None}) > 1
)
LETTERS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def sk() -> SimpleNamespace:
    """scikit-learn's preprocessing; its import takes seconds, so only where these tests run."""
    from sklearn import impute, preprocessing  # noqa: PLC0415

    return SimpleNamespace(**vars(preprocessing), SimpleImputer=impute.SimpleImputer)


def transform(column: Column, **options: Any) -> Matrix:
    preprocessing = Preprocessing((fit(column, **options),), NumericTarget("y", 0, 1))
    return preprocessing.transform({"x": column}, FLOAT64).astype(np.float64)


def as_matrix(values: list[float | None]) -> Matrix:
    return np.array([np.nan if value is None else value for value in values])[:, np.newaxis]


@settings(max_examples=60, deadline=None)
@given(values=WITH_GAPS, scaling=st.sampled_from([*SCALERS]))
def test_present_numbers_are_scaled_alike(
    sk: SimpleNamespace, values: list[float | None], scaling: str
) -> None:
    x = as_matrix(values)
    present = x[~np.isnan(x[:, 0])]
    if scaling == "robust" and np.ptp(np.percentile(present, (25, 75))) == 0:
        return  # scikit-learn divides by 1 if the interquartile range is 0
    expected = getattr(sk, SCALERS[scaling])().fit(present).transform(present)
    found = transform(NumericColumn(x[:, 0]), numeric=scaling)
    np.testing.assert_allclose(found[~np.isnan(x[:, 0])], expected, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(values=WITH_GAPS, missing=st.sampled_from(["mean", "median", "most_frequent", "constant"]))
def test_missing_numbers_are_filled_alike(
    sk: SimpleNamespace, values: list[float | None], missing: str
) -> None:
    x = as_matrix(values)
    imputer = sk.SimpleImputer(strategy=missing, fill_value=-7.0, add_indicator=True)
    expected = imputer.fit_transform(x)
    own = {"columns": {"x": {"missing_indicator": bool(np.isnan(x).any())}}}
    found = transform(
        NumericColumn(x[:, 0]), numeric="none", missing=missing, fill_value=-7.0, **own
    )
    np.testing.assert_allclose(found, expected, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(values=st.lists(VALUES, min_size=2, max_size=30, unique=True))
def test_logarithms_are_scaled_alike(sk: SimpleNamespace, values: list[float]) -> None:
    x = np.abs(as_matrix([*values]))
    expected = sk.StandardScaler().fit_transform(np.log1p(x))
    found = transform(NumericColumn(x[:, 0]), numeric="log1p")
    np.testing.assert_allclose(found, expected, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(letters=LETTERS)
def test_levels_are_encoded_alike(sk: SimpleNamespace, letters: list[str]) -> None:
    x = np.array(letters, object)[:, np.newaxis]
    expected = sk.OneHotEncoder(sparse_output=False).fit_transform(x)
    np.testing.assert_array_equal(transform(levels(*letters)), expected)


@settings(max_examples=60, deadline=None)
@given(letters=LETTERS, most=st.integers(2, 7))
def test_as_many_rows_are_pooled(sk: SimpleNamespace, letters: list[str], most: int) -> None:
    """Which of equally rare levels are pooled is a matter of taste; how many rows is not."""
    x = np.array(letters, object)[:, np.newaxis]
    encoder = sk.OneHotEncoder(max_categories=most, sparse_output=False).fit(x)
    found = transform(levels(*letters), max_levels=most)
    expected = encoder.transform(x)
    assert found.shape == expected.shape
    assert sorted(found.sum(axis=0)) == sorted(expected.sum(axis=0))
    counts = {letter: letters.count(letter) for letter in letters}
    fitted = fit(levels(*letters), max_levels=most)
    assert isinstance(fitted, FittedCategories)
    if fitted.rest:
        kept, pooled = set(fitted.levels), counts.keys() - set(fitted.levels)
        assert min(counts[letter] for letter in kept) >= max(counts[letter] for letter in pooled)


@settings(max_examples=60, deadline=None)
@given(letters=LETTERS)
def test_ordinals_are_scaled_indices(sk: SimpleNamespace, letters: list[str]) -> None:
    x = np.array(letters, object)[:, np.newaxis]
    expected = sk.StandardScaler().fit_transform(sk.OrdinalEncoder().fit_transform(x))
    np.testing.assert_allclose(
        transform(levels(*letters), categorical="ordinal"), expected, atol=1e-9
    )


@pytest.mark.parametrize("missing", ["most_frequent", "constant"])
@settings(max_examples=30, deadline=None)
@given(letters=st.lists(st.none() | st.sampled_from("abc"), min_size=2, max_size=20))
def test_missing_levels_are_filled_alike(
    sk: SimpleNamespace, missing: str, letters: list[str | None]
) -> None:
    if not any(letters):
        return
    x = np.array([[np.nan if letter is None else letter] for letter in letters], object)
    filled = sk.SimpleImputer(strategy=missing, fill_value="d").fit_transform(x)
    found = transform(levels(*letters), missing=missing, fill_value="d")
    expected = sk.OneHotEncoder(sparse_output=False).fit_transform(filled)
    # The fill constant is a category even if it replaces no value.
    np.testing.assert_array_equal(found[:, : expected.shape[1]], expected)
    assert not found[:, expected.shape[1] :].any()
