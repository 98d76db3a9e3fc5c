"""Numbers and times held within the range of the training rows."""

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fitted import FittedCategories, FittedNumeric, FittedTime
from engine.preprocessing.hold import hold_in_range
from tests.engine.examples import levels, numbers

FITTED = (
    FittedNumeric("known", 0, 1, 0, minimum=0, maximum=10),
    FittedNumeric("constant", 0, 1, 0, minimum=3, maximum=3),
    FittedNumeric("unknown", 0, 1, 0),
    FittedTime("when", ("year",), 2000, 1, 0),
    FittedCategories("level", ("a",)),
)
COLUMNS: dict[str, Column] = {
    "known": numbers(15, 1e300, None, -6),
    "constant": numbers(3, 4, None, 3),
    "unknown": numbers(1, 2, None, 4),
    "when": numbers(1e308, 0, None, -1e308),
    "level": levels("a", "b", None, "c"),
}


def test_numbers_move_to_the_nearest_one_that_is_not_flagged() -> None:
    held = hold_in_range(FITTED, COLUMNS, np.array([0, 1, 2, 3]))
    expected = {
        "known": [15, 15, np.nan, -5],
        "constant": [3, 3, np.nan, 3],
        "unknown": [np.nan] * 4,
        "when": [1e308, 0, np.nan, -1e308],
    }
    for name, values in expected.items():
        column = held.columns[name]
        assert isinstance(column, NumericColumn)
        np.testing.assert_array_equal(column.values, values)
    assert held.replaced.T.tolist() == [
        [False, True, False, True],
        [False, True, False, False],
        [True, True, False, True],
        [False] * 4,
        [False] * 4,
    ]


def test_only_the_given_rows_are_returned() -> None:
    held = hold_in_range(FITTED, COLUMNS, np.array([3, 1]))
    assert getattr(held.columns["level"], "codes", np.zeros(0)).tolist() == [2, 1]
    assert held.replaced.shape == (2, 5)


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(DataError, match="no column 'known'"):
        hold_in_range(FITTED, {}, np.array([0]))
