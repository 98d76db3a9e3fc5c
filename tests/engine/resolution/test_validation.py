"""Checks of the validation split before any row is read."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import resolve
from engine.specs import PlateauSchedule, TrainingSpec
from tests.engine.resolution.requests import ask, codes, problems

COLUMN, ORDER = "/validation/column", "/validation/order_by"
GROUP, REPEATS = "/validation/group_by", "/validation/repeats"


@pytest.mark.parametrize(
    ("validation", "found"),
    [
        ({"column": "gone"}, (COLUMN, "unknown_column")),
        ({"column": "size"}, (COLUMN, "target_as_split")),
        ({"column": "only"}, (COLUMN, "constant_split")),
        ({"column": "empty"}, (COLUMN, "empty_split")),
        ({"fraction": 0.2, "order_by": "gone"}, (ORDER, "unknown_column")),
        ({"fraction": 0.2, "order_by": "size"}, (ORDER, "target_as_split")),
        ({"fraction": 0.2, "order_by": "color"}, (ORDER, "split_without_order")),
        ({"fraction": 0.2, "group_by": "gone"}, (GROUP, "unknown_column")),
        ({"folds": 3, "group_by": "size"}, (GROUP, "target_as_split")),
        ({"folds": 3, "group_by": "empty"}, (GROUP, "empty_split")),
        ({"folds": 3, "group_by": "open"}, (GROUP, "too_few_groups")),
        ({"fraction": 0.2, "group_by": "only"}, (GROUP, "too_few_groups")),
        ({"folds": 3, "order_by": "color"}, (ORDER, "split_without_order")),
        ({"folds": 5, "order_by": "stars"}, (ORDER, "too_few_values")),
        ({"folds": 3, "order_by": "count", "group_by": "color"}, (GROUP, "groups_in_order")),
        ({"fraction": 0.2, "order_by": "count", "group_by": "color"}, (GROUP, "groups_in_order")),
        ({"folds": 3, "order_by": "count", "repeats": 2}, (REPEATS, "repeats_in_order")),
        ({"folds": 20, "repeats": 6}, (REPEATS, "too_many_folds")),
    ],
)
def test_a_column_that_cannot_split_is_refused(
    validation: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in problems(validation=validation)


@pytest.mark.parametrize(
    "validation",
    [
        {"column": "open"},
        {"column": "color", "values": ["red"]},
        {"column": "remark"},
        {"fraction": 0.2, "order_by": "count"},
        {"fraction": 0.2, "group_by": "remark"},
        {"folds": 4, "order_by": "count"},
        {"folds": 3, "group_by": "color", "repeats": 5},
    ],
)
@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_column_that_can_split_is_needed(validation: dict[str, Any], part: str) -> None:
    if part == "test" and "folds" in validation:
        return
    (name,) = {validation.get(field) for field in ("column", "order_by", "group_by")} - {None}
    options: dict[str, Any] = {"features": ["change"], part: validation}
    assert name in ask(**options).spec.needed_columns


def test_validation_column_is_not_a_feature() -> None:
    spec = TrainingSpec.model_validate({"target": "y", "validation": {"column": "split"}})
    columns = ("x", "split", "y")
    table = TableSchema(9, tuple(ColumnSchema(name, "numeric", 0, 5) for name in columns))
    assert resolve(spec, table).spec.features == ("x",)
    named = spec.model_copy(update={"features": ("x", "split")})
    with pytest.raises(SpecError, match="/features/1"):
        resolve(named, table)


def test_rows_without_a_value_in_the_split_column_are_reported() -> None:
    found = codes(ask(validation={"column": "gaps", "values": [1]}))
    assert ("info", COLUMN, "missing_split") in found


def test_more_folds_than_rows_are_refused() -> None:
    spec = TrainingSpec.model_validate({"target": "y", "validation": {"folds": 5}})
    columns = tuple(ColumnSchema(name, "numeric", 0, 4) for name in "xy")
    with pytest.raises(SpecError, match="4 rows cannot be split into 5 folds"):
        resolve(spec, TableSchema(4, columns))
    assert resolve(spec, TableSchema(5, columns)).spec.validation == spec.validation


def check_other(*columns: ColumnSchema, rows: int = 10) -> set[tuple[str, str]]:
    """Return the problems of a validation dataset with these columns; x, c and y are trained."""
    ours = TableSchema(
        50,
        (
            ColumnSchema("x", "numeric", 0, 40),
            ColumnSchema("c", "categorical", 0, 3),
            ColumnSchema("y", "numeric", 0, 40),
        ),
    )
    spec = TrainingSpec.model_validate({"target": "y", "validation": {"dataset_id": "ds_2"}})
    try:
        resolve(spec, ours, TableSchema(rows, columns))
    except SpecError as error:
        return {(problem.pointer, problem.code) for problem in error.problems}
    return set()


def test_a_dataset_that_validates_has_the_same_columns() -> None:
    x, y = ColumnSchema("x", "numeric", 0, 9), ColumnSchema("y", "numeric", 1, 9)
    c, texts = ColumnSchema("c", "categorical", 0, 3), ColumnSchema("c", "text", 0, None)
    pointer = "/validation/dataset_id"
    assert check_other(x, c, y) == check_other(x, texts, y) == set()
    assert check_other(c, y) == {(pointer, "missing_column")}
    assert check_other(x, ColumnSchema("c", "numeric", 0, 3), y) == {(pointer, "column_mismatch")}
    assert check_other(x, ColumnSchema("c", "numeric", 10, 0), y) == set()
    empty = ColumnSchema("y", "numeric", 10, 0)
    assert check_other(x, c, empty) == {(pointer, "too_few_rows")}


def test_the_data_of_both_datasets_are_counted() -> None:
    columns = tuple(ColumnSchema(name, "numeric", 0, 40) for name in "xy")
    spec = TrainingSpec.model_validate({"target": "y", "validation": {"dataset_id": "ds_2"}})
    found = resolve(spec, TableSchema(100, columns), TableSchema(30, columns))
    assert found.data_bytes == 130 * 2 * 4


def test_schedule_cannot_monitor_validation_of_the_final_training() -> None:
    plateau = {"type": "reduce_on_plateau"}
    spec = ask(schedule=plateau, validation={"folds": 3}, early_stopping={}).spec
    assert isinstance(spec.schedule, PlateauSchedule)
    assert spec.schedule.metric == "loss"
    assert spec.early_stopping is not None
    watching = plateau | {"metric": "validation_loss"}
    found = problems(schedule=watching, validation={"folds": 3})
    assert found == {("/schedule/metric", "no_validation")}
