"""Scaling of columns in which almost all training rows have the same number."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import NumericColumn
from engine.preprocessing.fitted import FittedNumeric, NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import FLOAT64, Matrix, fit


def fitted(values: Matrix, **options: Any) -> FittedNumeric:
    column = fit(NumericColumn(values), **options)
    assert isinstance(column, FittedNumeric)
    return column


def sparse(rows: int, rare: int) -> Matrix:
    """Return zeros, with 200 in the last of the rows."""
    return np.where(np.arange(rows) < rows - rare, 0.0, 200.0)


@pytest.mark.parametrize("numeric", ["standardize", "robust"])
def test_range_of_a_sparse_column_is_at_most_20_scales(numeric: str) -> None:
    column = fitted(sparse(1000, 2), numeric=numeric)
    assert (column.scale, column.clip_spans) == (10, 0.5)
    preprocessing = Preprocessing((column,), NumericTarget("y", 0, 1))
    x = preprocessing.transform({"x": NumericColumn(np.array([200.0, 300, 1e6, -1e6]))}, FLOAT64)
    center = 0.4 if numeric == "standardize" else 0.0
    np.testing.assert_allclose(x[:, 0] * 10 + center, [200, 300, 300, -100])
    # Values are clipped where they are flagged.
    values = NumericColumn(np.array([300.0, 300.1, -100, -100.1]))
    flags = preprocessing.flags({"x": values}, FLOAT64)
    assert flags.out_of_range[:, 0].tolist() == [False, True, False, True]


def test_logarithms_are_limited_alike() -> None:
    column = fitted(sparse(1000, 2), numeric="log1p")
    assert column.scale == pytest.approx(np.log1p(200) / 20)


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        (sparse(1000, 3), "standardize"),  # 18 deviations
        (sparse(1000, 2), "min_max"),
        (sparse(1000, 2), "none"),
        # A heavy tail, but no number is frequent.
        (np.random.default_rng(0).standard_cauchy(2000), "standardize"),
        # 89 of 100 numbers are equal; the range is 21 deviations.
        (np.append(np.zeros(890), [*np.linspace(0.1, 1, 109), 200]), "standardize"),
    ],
)
def test_other_columns_are_not_limited(values: Matrix, numeric: str) -> None:
    column = fitted(values, numeric=numeric)
    assert column.clip_spans == 1000
    if numeric == "standardize":
        assert column.scale == values.std()
