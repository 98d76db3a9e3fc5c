"""Each network input is described as what preprocessing writes there."""

from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data.table import CategoricalColumn, ColumnKind, MemoryTable, NumericColumn
from engine.preprocessing.datetime_features import elapsed_fraction, years_of
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedCategories, FittedColumn, FittedOrdinal, NumericTarget
from engine.preprocessing.hashing import hash_words
from engine.preprocessing.network_inputs import Meaning, NetworkInput, describe_inputs
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedPreprocessing
from tests.engine.examples import FLOAT64, levels, numbers
from tests.engine.preprocessing.test_column_plan import COLUMNS, plan_and_fit

PARTS = {"year": "month", "week": "weekday", "day": "hour"}
# Two inputs that name no place in a row: their scaling is tested elsewhere.
SCALED = {"number", "rank", "year", "code"}


def expected(kind: ColumnKind, one: NetworkInput, fitted: FittedColumn) -> NDArray[Any] | None:
    """Return the inputs of the rows of COLUMNS that have a value; None if they are scaled."""
    column = COLUMNS[kind]
    if isinstance(column, NumericColumn):
        seconds = np.nan_to_num(column.values)
        fraction = elapsed_fraction(seconds, PARTS.get(one.detail or "", "hour"))  # type: ignore[arg-type]
        return {"sine": np.sin, "cosine": np.cos}[one.meaning](2 * np.pi * fraction)
    assert isinstance(column, CategoricalColumn)
    texts = [column.levels[code] for code in column.codes]
    match one.meaning:
        case "truth" | "category":
            wanted = True if one.meaning == "truth" else one.detail
            return np.array([text == wanted for text in texts], float)
        case "other_categories":
            assert isinstance(fitted, FittedCategories)
            return np.array([text not in fitted.levels for text in texts], float)
        case "words":
            buckets = len([d for d in describe_inputs([fitted]) if d.meaning == "words"])
            counts = [hash_words(str(text), buckets) for text in texts]
            return np.array([count.get(int(one.detail or 0), 0) for count in counts], float)
    return None


def expect_scaled(
    one: NetworkInput, kind: ColumnKind, fitted: FittedColumn, values: NDArray[Any]
) -> None:
    """The inputs lead back to the values of the column by center and scale."""
    numbers = values * (one.scale or 1) + (one.center or 0)
    if one.logarithm:
        numbers = np.copysign(np.expm1(np.abs(numbers)), numbers)
    column = COLUMNS[kind]
    if one.meaning == "rank":
        assert isinstance(fitted, FittedOrdinal)
        assert isinstance(column, CategoricalColumn)
        texts = [str(column.levels[code]) for code in column.codes if code >= 0]
        is_known = [text in fitted.levels for text in texts]
        numbers = numbers[is_known]
        expected: Any = [fitted.levels.index(text) for text in texts if text in fitted.levels]
    else:
        assert isinstance(column, NumericColumn)
        expected = column.values[~np.isnan(column.values)]
        expected = years_of(expected) if one.meaning == "year" else expected
    np.testing.assert_allclose(numbers, expected, atol=1e-9)


@pytest.mark.parametrize("kind", get_args(ColumnKind))
def test_inputs_of_every_column_have_their_meaning(kind: ColumnKind) -> None:
    for fitted in {fitted for _, _, fitted in plan_and_fit(kind)}:
        preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
        x = preprocessing.transform({"x": COLUMNS[kind]}, FLOAT64)
        described = describe_inputs((fitted,))
        assert len(described) == x.shape[1]
        is_missing = np.arange(len(x)) == 1
        for one, values in zip(described, x.T, strict=True):
            assert one.column == "x"
            if one.meaning == "missing":
                np.testing.assert_array_equal(values, is_missing)
            elif one.meaning in {"number", "rank", "year"}:
                expect_scaled(one, kind, fitted, values[~is_missing])
            elif one.meaning not in SCALED:
                found = expected(kind, one, fitted)
                assert found is not None
                np.testing.assert_array_equal(values[~is_missing], found[~is_missing])


def test_every_meaning_is_described() -> None:
    fitted = {fitted for kind in get_args(ColumnKind) for _, _, fitted in plan_and_fit(kind)}
    found = {one.meaning for column in fitted for one in describe_inputs((column,))}
    assert found == set(get_args(Meaning))


def test_inputs_are_in_the_order_of_the_network() -> None:
    table = MemoryTable({"a": levels("u", "v"), "b": levels("s", "t"), "c": numbers(1, None)})
    spec = ResolvedPreprocessing.model_validate(
        {
            "categorical": "embedding",
            "target": "none",
            "columns": {"a": {"categorical": "one_hot"}, "c": {"missing_indicator": True}},
        }
    )
    columns = fit_columns(table, ("a", "b", "c"), np.arange(2), spec)
    # One-hot columns follow where others are embedded.
    names = [one.name for one in describe_inputs(columns)]
    assert names == ["code of b", "c", "c is missing", "a = u", "a = v"]
