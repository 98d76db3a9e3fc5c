"""Splits into training and validation rows."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, FileConventions, MemoryTable, NumericColumn
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.preparation.train_validation_split import find_marked_rows
from engine.specs import ColumnValidation, TrainingSpec
from tests.engine.examples import array, levels, numbers, prepared, truths

ROWS = 12


def prepare_rows(validation: dict[str, Any], **columns: Column) -> PreparedData:
    """Prepare rows that are identified by their only feature, the row number."""
    table: dict[str, Column] = {
        "row": numbers(*range(ROWS)),
        "y": levels(*("ab"[row % 2] for row in range(ROWS))),
        **columns,
    }
    spec = {
        "target": "y",
        "features": ["row"],
        "preprocessing": {"numeric": "none"},
        "validation": validation,
    }
    return prepared(TrainingSpec.model_validate(spec), table)[1]


def validation_rows(validation: dict[str, Any], **columns: Column) -> list[int]:
    data = prepare_rows(validation, **columns)
    rows = [int(row) for row in array(data.x_validation)[:, 0]]
    both = sorted([int(row) for row in array(data.x)[:, 0]] + rows)
    assert both == [row for row in range(ROWS) if row in both]
    return rows


def test_last_rows_in_a_columns_order_validate() -> None:
    backwards = numbers(*(float(ROWS - row) for row in range(ROWS)))
    assert validation_rows({"fraction": 0.25, "order_by": "when"}, when=backwards) == [0, 1, 2]


def test_ties_keep_row_order_and_rows_without_a_value_train() -> None:
    when = numbers(5, 5, 5, 5, 5, 5, 5, 5, 5, 1, None, None)
    assert validation_rows({"fraction": 0.25, "order_by": "when"}, when=when) == [6, 7, 8]


def test_all_rows_with_a_value_validate_if_there_are_too_few() -> None:
    when = numbers(*(None for _ in range(ROWS - 2)), 3, 4)
    assert validation_rows({"fraction": 0.5, "order_by": "when"}, when=when) == [10, 11]


def test_stratification_can_be_disabled() -> None:
    drawn = validation_rows({"fraction": 0.5, "stratify": False})
    assert len(drawn) == 6
    assert len([row for row in drawn if row % 2]) != 3


@pytest.mark.parametrize(
    ("values", "column", "expected"),
    [
        (None, truths(True, False, None), [True, False, False]),
        (None, numbers(1, 0, None), [True, False, False]),
        (None, levels("Test", "train", None), [True, False, False]),
        (None, levels(" validation", "val", "hold out"), [True, True, False]),
        (None, levels("yes", "no", "TRUE"), [True, False, True]),
        (["b", "c"], levels("a", "b", "c"), [False, True, True]),
        (["test"], levels("Test", "test", None), [False, True, False]),
        ([2, 3.5], numbers(2, 3.5, 3), [True, True, False]),
        (["2"], numbers(2, 3.5, None), [True, False, False]),
        ([False], truths(True, False, None), [False, True, False]),
        (["true"], truths(True, False, None), [True, False, False]),
        ([7], levels("7", "8", None), [True, False, False]),
        (["TRUE", "no"], truths(True, False, None), [True, True, False]),
        ([1, "1", "1,0"], numbers(1, 10, None), [True, False, False]),
        ([True], levels("TRUE", "FALSE", "?"), [True, False, False]),
        (["NA", -9], levels("NA", "-9", None), [False, False, False]),
        (["other", 10**400], numbers(1, 10, None), [False, False, False]),
    ],
)
def test_split_column_selects_validation_rows(
    values: list[Any] | None, column: Column, expected: list[bool]
) -> None:
    validation = ColumnValidation.model_validate({"column": "split", "values": values})
    words = FileConventions(missing=("NA", "-9"), decimal=",")
    assert find_marked_rows(validation, "validation", column, words).tolist() == expected


def test_rows_without_a_value_in_the_split_column_are_trained_on() -> None:
    split = levels(*("test" if row in {3, 7} else None for row in range(ROWS)))
    assert validation_rows({"column": "split"}, split=split) == [3, 7]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["c"], r"no row has one of \['c'\] in column 'split': there are no validation rows"),
        (["a", "b"], r"every row has one of \['a', 'b'\].*there are no training rows"),
        (None, "no row has a value that marks validation"),
    ],
)
def test_neither_side_may_be_empty(values: list[str] | None, reason: str) -> None:
    split = levels(*("ab"[row % 2] for row in range(ROWS)))
    with pytest.raises(DataError, match=reason):
        prepare_rows({"column": "split", "values": values}, split=split)


def test_rows_of_another_table_validate() -> None:
    columns: dict[str, Column] = {"x": numbers(0, 2, 4, 6), "y": levels("a", "b", "a", "b")}
    spec = {"target": "y", "validation": {"dataset_id": "ds_1"}, "class_weight": {"b": 3.0}}
    resolved, _ = prepared(TrainingSpec.model_validate({**spec, "validation": None}), columns)
    resolved = resolved.model_copy(
        update={"validation": TrainingSpec.model_validate(spec).validation}
    )
    other = MemoryTable({"y": levels("b", None, "a"), "x": numbers(3, 1, None)})
    data = prepare(resolved, MemoryTable(columns), validation_table=other)
    assert len(data.x) == 4
    assert array(data.x_validation)[:, 0].tolist() == [0, 0]
    assert array(data.y_validation)[:, 0].tolist() == [1, 0]
    np.testing.assert_allclose(array(data.weights_validation), [1.5, 0.5])
    unseen = MemoryTable({"x": numbers(1), "y": levels("c")})
    with pytest.raises(DataError, match="has the class 'c', which the model lacks"):
        prepare(resolved, MemoryTable(columns), validation_table=unseen)


def test_drop_row_excludes_rows_with_missing_values() -> None:
    columns: dict[str, Column] = {
        "x": numbers(1, None, 3, 4, 5),
        "c": levels("u", "v", None, "u", "v"),
        "y": numbers(1, 2, 3, None, 5),
    }
    missing = {"missing": "drop_row", "numeric": "none", "target": "none"}
    spec = {"target": "y", "validation": None, "preprocessing": missing, "features": ["x", "c"]}
    _, data = prepared(TrainingSpec.model_validate(spec), columns)
    assert array(data.y)[:, 0].tolist() == [1, 5]
    assert array(data.x)[:, 0].tolist() == [1, 5]


def test_each_row_validates_in_exactly_one_fold() -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn(np.arange(30.0)),
        "y": levels(*("aab"[row % 3] for row in range(30))),
    }
    spec = {"target": "y", "preprocessing": {"numeric": "none"}, "validation": {"folds": 4}}
    resolved, whole = prepared(TrainingSpec.model_validate(spec), columns)
    assert (len(whole.x), whole.x_validation) == (30, None)
    table = MemoryTable(columns)
    seen: list[int] = []
    for fold in range(4):
        data = prepare(resolved, table, fold=fold)
        rows = array(data.x_validation)[:, 0].astype(int).tolist()
        assert len(data.x) + len(rows) == 30
        assert len([row for row in rows if row % 3 == 2]) in {2, 3}
        seen += rows
    assert sorted(seen) == list(range(30))
