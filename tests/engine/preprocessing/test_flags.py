"""Flags of imputed, unknown and out-of-range values."""

from math import nan

import numpy as np
import pytest

from engine.data.matrix_columns import MatrixColumns
from engine.data.table import Column
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.flags import Flags
from engine.preprocessing.held_inputs import NOTHING_HELD, HeldInputs
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import FLOAT64, levels, numbers, truths

NUMBER = FittedNumeric("n", center=10, scale=2, fill=14)
TRUTH = FittedBoolean("b", fill=0.25)
KNOWN = ("red", "green")


def flags(columns: dict[str, Column], *fitted: FittedColumn) -> Flags:
    return Preprocessing(fitted, NumericTarget("y", 0, 1)).flags(columns, FLOAT64)


@pytest.mark.parametrize(
    "category",
    [
        FittedCategories("c", KNOWN),
        FittedCategories("c", KNOWN, rest=True, fill="red"),
        FittedCodes("c", KNOWN, rest=True),
        FittedOrdinal("c", KNOWN, 0, 1, 0),
    ],
)
def test_imputed_and_unknown_are_distinguished(category: FittedColumn) -> None:
    columns: dict[str, Column] = {
        "n": numbers(1, None, 3),
        "b": truths(True, True, None),
        "c": levels("blue", "red", None),
    }
    found = flags(columns, NUMBER, TRUTH, category)
    assert found.imputed.tolist() == [
        [False, False, False],
        [True, False, False],
        [False, True, True],
    ]
    assert found.unknown.tolist() == [[False, False, True], [False] * 3, [False] * 3]
    assert not found.out_of_range.any()


@pytest.mark.parametrize("kind", [FittedNumeric, FittedTime])
def test_value_half_a_range_outside_the_training_range_is_flagged(kind: type) -> None:
    parts = {"parts": ("year",)} if kind is FittedTime else {}
    fitted = kind(name="n", center=0, scale=1, fill=0, minimum=0, maximum=10, **parts)
    column = numbers(-5, -5.1, 15, 15.1, None, 1e308)
    found = flags({"n": column}, fitted)
    assert found.out_of_range[:, 0].tolist() == [False, True, False, True, False, True]
    assert found.imputed[:, 0].tolist() == [False, False, False, False, True, False]


def test_any_other_value_of_a_constant_column_is_flagged() -> None:
    fitted = FittedNumeric("n", 3, 1, 3, minimum=3, maximum=3)
    found = flags({"n": numbers(3, 3.0001, 2)}, fitted)
    assert found.out_of_range[:, 0].tolist() == [False, True, True]


@pytest.mark.parametrize(("minimum", "maximum"), [(None, None), (-1.7e308, 1.7e308)])
def test_nothing_is_out_of_range_without_a_range(
    minimum: float | None, maximum: float | None
) -> None:
    fitted = FittedNumeric("n", 0, 1, 0, minimum=minimum, maximum=maximum)
    assert not flags({"n": numbers(1e308, -1e308)}, fitted).out_of_range.any()


def test_text_is_never_unknown() -> None:
    found = flags({"t": levels("never seen", None)}, FittedText("t", 8))
    assert found.imputed.tolist() == [[False], [True]]
    assert not found.unknown.any()


def test_flags_are_at_their_columns_index_in_every_block() -> None:
    fitted = (
        TRUTH,
        FittedNumeric("n", 0, 1, 0, minimum=0, maximum=1),
        FittedCategories("c", ("a",)),
    )
    rows = 700
    columns: dict[str, Column] = {
        "b": truths(*[True] * rows),
        "n": numbers(*[0.5] * 650, *[9] * 50),
        "c": levels(*["a"] * (rows - 1), "b"),
    }
    found = flags(columns, *fitted)
    assert found.out_of_range.sum(axis=0).tolist() == [0, 50, 0]
    assert found.out_of_range[650:, 1].all()
    assert found.unknown.sum(axis=0).tolist() == [0, 0, 1]


IN_RANGE = FittedNumeric("n", center=0, scale=1, fill=0, minimum=0, maximum=10)
CONSTANT = FittedNumeric("k", center=2, scale=1, fill=2, minimum=2, maximum=2)


@pytest.mark.parametrize(
    ("rows", "is_usual"),
    [
        ([[3, 2], [15, 2]], True),
        ([[3, 2], [15.1, 2]], False),
        ([[3, 2.5], [4, 2]], False),
        ([[nan, 2], [4, 2]], False),
    ],
)
@pytest.mark.parametrize("held", [NOTHING_HELD, HeldInputs((1,), (0.0,))])
def test_values_in_range_have_no_flags(
    rows: list[list[float]], is_usual: bool, held: HeldInputs
) -> None:
    columns = MatrixColumns(("n", "k"), np.array(rows), {})
    target = NumericTarget("y", 0, 1)
    preprocessing = Preprocessing((IN_RANGE, CONSTANT), target, held=held)
    assert preprocessing.are_usual(columns) == is_usual
    found = preprocessing.flags(columns, FLOAT64)
    masks = (found.imputed, found.unknown, found.out_of_range, found.untrained)
    assert any(mask.any() for mask in masks) != is_usual


def test_held_inputs_of_columns_that_vary_are_compared() -> None:
    """Numbers that the network's dtype does not distinguish vary, but their input does not."""
    columns = MatrixColumns(("n", "k"), np.array([[3.0, 2.0]]), {})
    preprocessing = Preprocessing(
        (IN_RANGE, CONSTANT), NumericTarget("y", 0, 1), held=HeldInputs((0,), (0.0,))
    )
    assert not preprocessing.are_usual(columns)
    assert preprocessing.flags(columns, FLOAT64).untrained.tolist() == [[True, False]]
