from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.preprocessing.fit import fit_class_target
from engine.preprocessing.fitted import FittedBoolean, FittedCategories, FittedCodes, FittedNumeric
from engine.specs import TrainingSpec
from tests.engine.examples import array, fit, levels, numbers, prepared, truths


def numeric(
    center: float, scale: float, fill: float, least: float | None, most: float | None
) -> FittedNumeric:
    return FittedNumeric("x", center, scale, fill, minimum=least, maximum=most)


def test_only_the_given_rows_are_used() -> None:
    assert fit(numbers(1, 3, 1000), [0, 1]) == numeric(2, 1, 2, 1, 3)
    assert fit(levels("b", "a", "z"), [0, 1]) == FittedCategories("x", ("a", "b"))
    assert fit(truths(True, False, True), [0, 1]) == FittedBoolean("x", fill=0.5)


def test_categories_for_an_embedding_are_codes() -> None:
    fitted = fit(levels("b", "a", "z"), [0, 1], categorical="embedding")
    assert fitted == FittedCodes("x", ("a", "b"))
    assert fit(truths(True, False), categorical="embedding") == FittedBoolean("x", fill=0.5)
    assert fit(levels(None, None), categorical="embedding") == FittedCodes("x", ())


def test_standardize_takes_mean_and_standard_deviation() -> None:
    fitted = fit(numbers(1, 2, 6, None))
    assert isinstance(fitted, FittedNumeric)
    assert (fitted.center, fitted.fill) == (3, 3)
    assert fitted.scale == pytest.approx((14 / 3) ** 0.5)


def test_min_max_takes_least_and_range() -> None:
    assert fit(numbers(2, 4, 12), numeric="min_max") == numeric(2, 10, 6, 2, 12)


def test_none_leaves_numbers_as_they_are() -> None:
    assert fit(numbers(2, 4, 12), numeric="none") == numeric(0, 1, 6, 2, 12)


def test_robust_takes_median_and_interquartile_range() -> None:
    fitted = fit(numbers(1, 2, 3, 4, 100), numeric="robust", missing="median")
    assert fitted == numeric(3, 2, 3, 1, 100)


def test_robust_takes_the_deviation_where_most_numbers_are_the_same() -> None:
    fitted = fit(numbers(0, 0, 0, 0, 0, 0, 0, 8), numeric="robust")
    assert isinstance(fitted, FittedNumeric)
    assert fitted.center == 0
    assert fitted.scale == pytest.approx(7**0.5)


def test_log1p_standardizes_the_logarithms() -> None:
    fitted = fit(numbers(0, np.e - 1, 1 - np.e), numeric="log1p")
    assert isinstance(fitted, FittedNumeric)
    assert fitted.log
    assert fitted.center == pytest.approx(0)
    assert fitted.scale == pytest.approx((2 / 3) ** 0.5)
    assert (fitted.minimum, fitted.maximum) == (1 - np.e, np.e - 1)


@pytest.mark.parametrize(
    ("options", "fill"),
    [
        ({"missing": "mean"}, 5),
        ({"missing": "drop_row"}, 5),
        ({"missing": "median"}, 3),
        ({"missing": "most_frequent"}, 2),
        ({"missing": "constant", "fill_value": -1.5}, -1.5),
        ({"missing": "constant", "fill_value": "none"}, 5),
    ],
)
def test_missing_numbers_are_imputed(options: dict[str, Any], fill: float) -> None:
    fitted = fit(numbers(2, 12, 2, 12, 3, 4, 0, None), **options)
    assert isinstance(fitted, FittedNumeric)
    assert fitted.fill == fill


def test_missing_booleans_are_imputed() -> None:
    column = truths(True, False, False, True, None, True)
    assert fit(column, missing="most_frequent") == FittedBoolean("x", 1)
    assert fit(column, missing="constant", fill_value=0.5) == FittedBoolean("x", 0.5)
    # The smaller value wins ties.
    assert fit(column, [0, 1], missing="most_frequent") == FittedBoolean("x", 0)


def test_indicator_can_be_set_per_column() -> None:
    own: dict[str, Any] = {
        "columns": {"x": {"missing_indicator": True}, "y": {"missing": "median"}}
    }
    fitted = fit(numbers(1, None), **own)
    assert isinstance(fitted, FittedNumeric)
    assert fitted.indicator


@pytest.mark.parametrize("numeric", ["standardize", "min_max", "robust", "log1p"])
@pytest.mark.parametrize("value", [0.1, 0.0, 1e17])
def test_constant_column_has_scale_one(numeric: str, value: float) -> None:
    # The computed standard deviation of seven times 0.1 is 1e-17, not 0.
    fitted = fit(numbers(*[value] * 7), numeric=numeric)
    assert isinstance(fitted, FittedNumeric)
    center = np.log1p(value) if numeric == "log1p" else value
    assert (fitted.center, fitted.scale) == (center, 1)


def test_a_column_without_values_is_zero() -> None:
    assert fit(numbers(None, None)) == FittedNumeric("x", 0, 1, 0)
    assert fit(levels(None, None)) == FittedCategories("x", ())


HUGE = numbers(-1.7e308, -1.7e308, 1.7e308, 1.7e308, 1.7e308)


@pytest.mark.parametrize("numeric", ["standardize", "min_max", "robust"])
def test_numbers_too_large_to_scale_are_refused(numeric: str) -> None:
    with pytest.raises(DataError, match="too large"):
        fit(HUGE, numeric=numeric)


@pytest.mark.parametrize("numeric", ["none", "log1p"])
def test_mean_of_numbers_whose_sum_overflows_is_finite(numeric: str) -> None:
    fitted = fit(HUGE, numeric=numeric)
    assert isinstance(fitted, FittedNumeric)
    assert fitted.fill == pytest.approx(0.34e308)


@pytest.mark.parametrize("numeric", ["standardize", "min_max", "robust", "none"])
@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e-155, 1e160, 1e300])
def test_tiny_and_huge_numbers_are_scaled_as_others(numeric: str, unit: float) -> None:
    values = np.array([1.0, 2, 4, 8, 16])
    ordinary = fit(NumericColumn(values), numeric=numeric)
    scaled = fit(NumericColumn(values * unit), numeric=numeric)
    assert isinstance(ordinary, FittedNumeric)
    assert isinstance(scaled, FittedNumeric)
    unit_of_scale = 1 if numeric == "none" else unit
    assert scaled.scale == pytest.approx(ordinary.scale * unit_of_scale, rel=1e-12)
    assert scaled.center == pytest.approx(ordinary.center * unit, rel=1e-12)
    assert scaled.fill == pytest.approx(ordinary.fill * unit, rel=1e-12)


def test_mostly_equal_tiny_numbers_are_scaled_by_their_deviation() -> None:
    """The interquartile range is 0, and so are the squares of the deviations."""
    fitted = fit(numbers(*[0] * 9, 1e-200), numeric="robust")
    assert isinstance(fitted, FittedNumeric)
    assert fitted.scale == pytest.approx(0.3e-200)


@pytest.mark.parametrize("numeric", ["standardize", "min_max", "robust"])
def test_numbers_closer_than_the_smallest_divisor_are_refused(numeric: str) -> None:
    with pytest.raises(DataError, match=r"differ by less than 2\.23e-308"):
        fit(numbers(0, 1e-320, 2e-320), numeric=numeric)


@pytest.mark.parametrize("unit", [1e-200, 1e160])
def test_target_of_tiny_or_huge_numbers_is_standardized(unit: float) -> None:
    target = NumericColumn(unit * np.arange(1.0, 7))
    spec = TrainingSpec(target="y", task="regression", validation=None)
    _, data = prepared(spec, {"x": numbers(1, 2, 3, 4, 5, 6), "y": target})
    np.testing.assert_allclose(array(data.y).std(), 1, rtol=1e-6)


@pytest.mark.parametrize(("unit", "offset"), [(1e-200, 0.0), (1.0, 1e12)])
def test_target_that_the_dtype_rounds_to_one_number_is_refused(unit: float, offset: float) -> None:
    target = NumericColumn(offset + unit * np.arange(1.0, 7))
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4, 5, 6), "y": target}
    asked = {"target": "y", "task": "regression", "preprocessing": {"target": "none"}}
    request = TrainingSpec.model_validate(asked | {"validation": None, "dtype": "float64"})
    spec, _ = prepared(request, columns)
    # As the schema shows it, such a request is refused; other rows may have other numbers.
    with pytest.raises(DataError, match="all equal in float32"):
        prepare(spec.model_copy(update={"dtype": "float32"}), MemoryTable(columns))


@pytest.mark.parametrize(
    ("column", "classes", "codes"),
    [
        (numbers(3, 0, None, 3), (0, 3), [1, 0, -1, 1]),
        (levels("b", None, "a", "b"), ("a", "b"), [1, -1, 0, 1]),
        (truths(True, False, None), (False, True), [1, 0, -1]),
        (numbers(0.5, 2), (0.5, 2), [0, 1]),
    ],
)
def test_classes_are_sorted_and_keep_their_type(
    column: Column, classes: tuple[object, ...], codes: list[int]
) -> None:
    target, found = fit_class_target("y", column)
    assert target.classes == classes
    assert [type(c) for c in target.classes] == [type(c) for c in classes]
    assert found.tolist() == codes


def test_level_without_rows_is_not_a_class() -> None:
    column = levels("a", "b", "c")
    column = type(column)(column.codes[1:], column.levels)
    target, codes = fit_class_target("y", column)
    assert target.classes == ("b", "c")
    assert codes.tolist() == [0, 1]


def test_whole_numbers_beyond_exactness_stay_float() -> None:
    target, _ = fit_class_target("y", numbers(2.0**53, 1e300))
    assert target.classes == (2**53, 1e300)
    assert [type(c) for c in target.classes] == [int, float]


def test_infinity_is_not_a_class() -> None:
    with pytest.raises(DataError, match="infinite"):
        fit_class_target("y", numbers(1, float("inf")))
