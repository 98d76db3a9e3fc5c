import numpy as np

from engine.data.table import MemoryTable
from engine.preprocessing.missing_values import find_incomplete_rows
from engine.specs import ResolvedPreprocessing
from tests.engine.examples import levels, numbers, truths

TABLE = MemoryTable(
    {
        "n": numbers(1, None, 3, 4),
        "c": levels("a", "b", None, "a"),
        "b": truths(True, None, None, True),
    },
    chunk_rows=3,
)


def spec(**options: object) -> ResolvedPreprocessing:
    given = {"categorical": "one_hot", "target": "none"} | options
    return ResolvedPreprocessing.model_validate(given)


def test_rows_are_left_out_where_any_feature_is_missing() -> None:
    found = find_incomplete_rows(TABLE, ("n", "c"), spec(missing="drop_row"))
    assert found is not None
    assert found.tolist() == [False, True, True, False]


def test_only_drop_row_columns_are_checked() -> None:
    own = spec(columns={"c": {"missing": "drop_row"}})
    found = find_incomplete_rows(TABLE, ("n", "c", "b"), own)
    assert found is not None
    assert found.tolist() == [False, False, True, False]
    assert find_incomplete_rows(TABLE, ("n", "b"), own) is None


def test_table_without_rows_has_none_incomplete() -> None:
    found = find_incomplete_rows(MemoryTable({"n": numbers()}), ("n",), spec(missing="drop_row"))
    assert found is not None
    assert found.tolist() == []
    assert found.dtype == np.bool_
