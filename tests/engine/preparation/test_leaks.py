"""A feature that alone predicts the target is reported; a strong or a rare one is not."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn
from engine.findings import Finding, list_features
from engine.preparation.association import (
    correlation_ratio,
    correlations,
    log_chance_of_ranges,
    separated_by_range,
    separated_by_value,
)
from engine.preparation.prepare import prepare
from engine.specs import TrainingSpec
from tests.engine.examples import draw, levels, numbers, prepared

ROWS = 2500
DRAWN = np.random.default_rng(3)
CLASS = DRAWN.integers(0, 3, ROWS)
NUMBER = 100 * DRAWN.standard_normal(ROWS) + 1000
NOISE = NumericColumn(DRAWN.standard_normal(ROWS))


def categories(codes: NDArray[np.int64], names: str) -> CategoricalColumn:
    return CategoricalColumn(codes.astype(np.int32), tuple(names))


def as_numbers(values: NDArray[Any]) -> NumericColumn:
    return NumericColumn(values.astype(np.float64))


def some_missing(values: NDArray[np.float64]) -> NumericColumn:
    return NumericColumn(np.where(np.arange(ROWS) % 5 == 0, np.nan, values))


def find(columns: dict[str, Column], **request: Any) -> list[Finding]:
    spec = TrainingSpec.model_validate({"target": "y", **request})
    _, data = prepared(spec, {**columns, "noise": NOISE})
    return [finding for finding in data.findings if finding.code == "possible_leak"]


OF_CLASSES: dict[str, tuple[Column, str]] = {
    "its copy": (categories(CLASS, "pqr"), "each value has one class"),
    "finer levels": (categories(CLASS * 2 + DRAWN.integers(0, 2, ROWS), "abcdef"), "each value"),
    "codes in another order": (as_numbers((5.0 * CLASS + 2) % 7), "each value has one class"),
    "disjoint ranges": (as_numbers(CLASS + 0.9 * DRAWN.random(ROWS)), "a range of values"),
    "ranges with gaps": (
        some_missing(as_numbers(CLASS + 0.9 * DRAWN.random(ROWS)).values),
        "a range of values",
    ),
}


@pytest.mark.parametrize("name", OF_CLASSES)
@pytest.mark.parametrize("task", ["levels", "numbers"])
def test_columns_that_separate_the_classes(name: str, task: str) -> None:
    column, reason = OF_CLASSES[name]
    y: Column = categories(CLASS, "abc") if task == "levels" else as_numbers(CLASS)
    (finding,) = find({"y": y, "x": column})
    assert reason in finding.detail
    assert (finding.level, finding.pointer) == ("warning", "/features")
    assert finding.fix == list_features(["noise"])


def test_booleans_and_missing_values_may_separate_the_classes() -> None:
    two = CLASS % 2
    absent = NumericColumn(np.where(two == 1, np.nan, NOISE.values))
    columns: dict[str, Column] = {
        "y": categories(two, "ab"),
        "flag": CategoricalColumn(two.astype(np.int32), (False, True)),
        "absent": absent,
    }
    (finding,) = find(columns)
    assert "'flag' (each value has one class)" in finding.detail
    assert "'absent' (a missing value decides the class)" in finding.detail


def test_columns_with_the_same_reason_are_named_together() -> None:
    copies: dict[str, Column] = {f"c{i}": categories(CLASS, "pqr") for i in range(12)}
    (finding,) = find({"y": categories(CLASS, "abc"), **copies})
    assert finding.detail.count("each value has one class") == 1
    assert "'c8', 'c9' (each value has one class) and 2 more alone predict" in finding.detail


@pytest.mark.parametrize("scaling", ["standardize", "min_max", "robust", "log1p", "none"])
def test_numbers_in_proportion_to_the_target(scaling: str) -> None:
    columns: dict[str, Column] = {
        "y": NumericColumn(NUMBER),
        "copy": NumericColumn(-1.2 * NUMBER + 3),
        "gaps": some_missing(NUMBER),
        "close": NumericColumn(NUMBER + DRAWN.standard_normal(ROWS)),
        "near": NumericColumn(NUMBER + 20 * DRAWN.standard_normal(ROWS)),
    }
    (finding,) = find(columns, preprocessing={"numeric": scaling})
    named = [name for name in columns if repr(name) in finding.detail.partition(" alone ")[0]]
    assert named == ["copy", "gaps", "close"]


def test_numbers_in_proportion_to_one_of_several_targets() -> None:
    columns: dict[str, Column] = {
        "y": NumericColumn(NUMBER),
        "z": NumericColumn(DRAWN.standard_normal(ROWS)),
        "close": NumericColumn(NUMBER + DRAWN.standard_normal(ROWS)),
    }
    (finding,) = find(columns, target=["z", "y"])
    assert finding.detail.startswith("column 'close' (correlation")


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_categories_that_hold_a_number(scale: float) -> None:
    codes = DRAWN.integers(0, 5, ROWS)
    y = NumericColumn(scale * (10.0 * codes + 0.01 * NOISE.values))
    (finding,) = find({"y": y, "x": categories(codes, "abcde")})
    assert "each value has one target value" in finding.detail


@pytest.mark.parametrize("task", ["classes", "numbers"])
def test_a_time_is_compared_as_such(task: str) -> None:
    y = CLASS if task == "classes" else np.arange(ROWS)
    seconds = 86_400.0 * (y * 1000 + (DRAWN.random(ROWS) if task == "classes" else 0))
    columns: dict[str, Column] = {"y": as_numbers(y), "when": as_numbers(seconds)}
    request = {"preprocessing": {"columns": {"when": {"time": ["hour"]}}}}
    spec, _ = prepared(TrainingSpec(target="y"), {**columns, "noise": NOISE})
    # A time column is one of numbers whose parts are recorded in the resolved spec.
    spec = spec.model_copy(
        update={
            "preprocessing": spec.preprocessing.model_validate(
                spec.preprocessing.model_dump() | request["preprocessing"]
            )
        }
    )
    found = prepare(spec, MemoryTable({**columns, "noise": NOISE})).findings
    assert "'when'" in found[0].detail


def test_one_exception_is_not_a_leak() -> None:
    almost = CLASS.copy()
    almost[1234] = (almost[1234] + 1) % 3
    columns: dict[str, Column] = {
        "y": categories(CLASS, "abc"),
        "level": categories(almost, "pqr"),
        "code": as_numbers(almost),
        "range": as_numbers(almost + 0.9 * DRAWN.random(ROWS)),
    }
    assert find(columns, validation=None) == []


def test_few_rows_do_not_tell() -> None:
    y = levels(*(["a"] * 9 + ["b"] * 10))
    x = numbers(*range(19))
    spec = TrainingSpec.model_validate({"target": "y", "validation": None})
    assert prepared(spec, {"y": y, "x": x})[1].findings == ()


def test_a_rare_class_is_separated_by_chance() -> None:
    y = levels(*(["a"] * 60 + ["b"]))
    x = NumericColumn(np.append(draw(60), 9.0))
    spec = TrainingSpec.model_validate({"target": "y", "validation": None})
    assert prepared(spec, {"y": y, "x": x})[1].findings == ()


def test_values_that_do_not_repeat_are_no_levels() -> None:
    y = levels(*"ab" * 30)
    x = levels(*(f"row {row}" for row in range(48)), *(["same", "other"] * 6))
    spec = TrainingSpec.model_validate({"target": "y", "features": ["x"], "validation": None})
    assert prepared(spec, {"y": y, "x": x})[1].findings == ()


def test_measures_by_hand() -> None:
    codes = np.array([0, 1, 0, 1])
    values = np.array([[1, 5.0, 1], [2, 6, 1], [1.5, 5, 2], [3, np.nan, 3]])
    assert separated_by_range(values, codes).tolist() == [True, True, False]
    assert separated_by_value(values, codes).tolist() == [True, True, False]
    target = np.array([2.0, 4, 3, 6])
    expected = abs(np.corrcoef(values[:, 2], target)[0, 1])
    found = correlations(values, target)
    np.testing.assert_allclose(found[[0, 2]], [1, expected])
    np.testing.assert_allclose(found[1], np.corrcoef([5, 6, 5], [2, 4, 3])[0, 1])
    # Means 2.5 and 5 of the groups around 3.75: 6.25 of 8.75.
    assert math.isclose(correlation_ratio(codes, target), math.sqrt(6.25 / 8.75))
    # Of the six arrangements of two classes of two rows, two are separated.
    assert math.isclose(math.exp(log_chance_of_ranges(codes)), 2 / 6)


def test_a_constant_correlates_with_nothing() -> None:
    assert correlations(np.ones((5, 1)), np.arange(5.0)).tolist() == [0]
    assert correlations(np.full((5, 1), np.nan), np.arange(5.0)).tolist() == [0]
    assert correlation_ratio(np.zeros(3, np.intp), np.ones(3)) == 0
