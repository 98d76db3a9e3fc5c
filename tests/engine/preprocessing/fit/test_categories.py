"""Fitting of categorical columns."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, MemoryTable
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedCategories, FittedCodes, FittedOrdinal
from engine.specs import ResolvedPreprocessing
from tests.engine.examples import fit, levels

# Counts: c 4, a 3, b and d 2 each, e 1; one missing.
COLUMN = levels("a", "b", "c", "c", "d", None, "c", "a", "e", "b", "a", "d", "c")


def ordinal(column: CategoricalColumn, **options: Any) -> FittedOrdinal:
    fitted = fit(column, categorical="ordinal", **options)
    assert isinstance(fitted, FittedOrdinal)
    return fitted


def test_infrequent_categories_are_pooled() -> None:
    assert fit(COLUMN, max_levels=3) == FittedCategories("x", ("a", "c"), rest=True)
    assert fit(COLUMN, max_levels=5) == FittedCategories("x", ("a", "b", "c", "d", "e"))
    # b and d tie; the first in alphabetical order is kept.
    assert fit(COLUMN, max_levels=4) == FittedCategories("x", ("a", "b", "c"), rest=True)
    pooled = fit(COLUMN, max_levels=4, categorical="embedding")
    assert pooled == FittedCodes("x", ("a", "b", "c"), rest=True)


def test_listed_levels_keep_their_order_and_are_exhaustive() -> None:
    own: dict[str, Any] = {"columns": {"x": {"levels": ["c", "never", "a"]}}}
    assert fit(COLUMN, **own) == FittedCategories("x", ("c", "never", "a"))
    assert fit(COLUMN, categorical="embedding", **own) == FittedCodes("x", ("c", "never", "a"))


@pytest.mark.parametrize("missing", ["mean", "median", "drop_row"])
def test_missing_category_has_no_level_by_default(missing: str) -> None:
    assert fit(levels("a", None), missing=missing) == FittedCategories("x", ("a",))


def test_missing_category_is_replaced_by_the_most_frequent() -> None:
    fitted = fit(COLUMN, missing="most_frequent")
    assert isinstance(fitted, FittedCategories)
    assert fitted.fill == "c"
    assert fit(levels("b", "a", None), missing="most_frequent") == FittedCategories(
        "x", ("a", "b"), fill="a"
    )
    assert fit(levels(None), missing="most_frequent") == FittedCategories("x", ())


def test_fill_value_is_a_level_even_without_rows() -> None:
    fitted = fit(levels("a", "b"), missing="constant", fill_value="none")
    assert fitted == FittedCategories("x", ("a", "b", "none"), fill="none")
    # The fill value is never pooled, however infrequent.
    fitted = fit(COLUMN, missing="constant", fill_value="e", max_levels=3)
    assert fitted == FittedCategories("x", ("c", "e"), rest=True, fill="e")


def test_numeric_fill_value_is_ignored_for_categories() -> None:
    fitted = fit(levels("a", None), missing="constant", fill_value=0.0)
    assert fitted == FittedCategories("x", ("a",))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("10", "9", "-1.5"), ("-1.5", "9", "10")),
        (("10", "9", "x"), ("10", "9", "x")),
        (("10", "9", "nan"), ("10", "9", "nan")),
        (("small", "large", "medium"), ("large", "medium", "small")),
    ],
)
def test_ordinal_levels_are_in_order(given: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert ordinal(levels(*given)).levels == expected


def test_ordinal_is_standardized_on_the_training_rows() -> None:
    own: dict[str, Any] = {"columns": {"x": {"levels": ["s", "m", "l"]}}}
    fitted = ordinal(levels("s", "l", "l", "l", None, "xl"), **own)
    assert fitted.levels == ("s", "m", "l")
    assert fitted.center == 1.5
    assert fitted.scale == pytest.approx(0.75**0.5)
    assert fitted.fill == 1.5
    assert ordinal(levels("a", "a")).scale == 1


@pytest.mark.parametrize(
    ("options", "fill"),
    [
        ({"missing": "median"}, 2),
        ({"missing": "most_frequent"}, 2),
        ({"missing": "constant", "fill_value": "1"}, 0),
        ({"missing": "constant", "fill_value": 7.0}, 1.4),
    ],
)
def test_missing_or_unknown_level_has_a_fill_index(options: dict[str, Any], fill: float) -> None:
    column = levels("1", "2", "3", "3", "3", None)
    assert ordinal(column, **options).fill == fill


def test_order_of_a_chunks_levels_does_not_matter() -> None:
    one = CategoricalColumn(np.array([0, 1, 0, -1], np.int32), ("b", "a"))
    other = CategoricalColumn(np.array([1, 0, 1, -1], np.int32), ("a", "b"))
    spec = ResolvedPreprocessing(categorical="one_hot", target="none", missing="most_frequent")
    fitted = [
        fit_columns(MemoryTable({"x": column}), ("x",), np.arange(4), spec)
        for column in (one, other)
    ]
    assert fitted[0] == fitted[1] == (FittedCategories("x", ("a", "b"), fill="b"),)
