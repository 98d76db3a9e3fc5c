"""Checks of a validation dataset against the training dataset, before any row is read."""

from typing import Any

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec


def schema(**changes: ColumnSchema) -> TableSchema:
    rows = 20
    columns = {
        "x": ColumnSchema("x", "numeric", 0, rows),
        "w": ColumnSchema("w", "numeric", 0, 2, minimum=0, maximum=1),
        "y": ColumnSchema("y", "categorical", 0, 2, levels=("a", "b")),
    }
    return TableSchema(rows, tuple((columns | changes).values()))


def check(**changes: ColumnSchema) -> list[SpecProblem]:
    """Return the problems of a validation dataset with these columns."""
    fields: dict[str, Any] = {
        "target": "y",
        "sample_weight": "w",
        "validation": {"dataset_id": "ds_2"},
    }
    try:
        resolve(TrainingSpec.model_validate(fields), schema(), schema(**changes))
    except SpecError as error:
        found = [*error.problems]
    else:
        found = []
    assert all(problem.pointer == "/validation/dataset_id" for problem in found)
    return found


def test_classes_that_the_training_dataset_lacks_are_refused() -> None:
    (problem,) = check(y=ColumnSchema("y", "categorical", 0, 3, levels=("a", "c", "d")))
    assert problem.code == "new_class"
    assert "lacks: 'c', 'd'; its classes are 'a', 'b'" in problem.detail
    assert not check(y=ColumnSchema("y", "categorical", 0, 1, levels=("a",)))
    assert not check(y=ColumnSchema("y", "categorical", 0, 200))


def test_weights_that_no_row_can_have_are_refused() -> None:
    weights = {
        "missing_weight": ColumnSchema("w", "numeric", 2, 2, minimum=0, maximum=1),
        "negative_weight": ColumnSchema("w", "numeric", 0, 2, minimum=-1, maximum=1),
        "all_zero": ColumnSchema("w", "numeric", 0, 1, minimum=0, maximum=0),
    }
    for code, column in weights.items():
        (problem,) = check(w=column)
        assert problem.code == code


def test_a_row_that_is_left_out_may_have_any_weight() -> None:
    incomplete = ColumnSchema("y", "categorical", 1, 2, levels=("a", "b"))
    negative = ColumnSchema("w", "numeric", 0, 2, minimum=-1, maximum=1)
    assert not check(y=incomplete, w=negative)
    zero = ColumnSchema("w", "numeric", 0, 1, minimum=0, maximum=0)
    assert [problem.code for problem in check(y=incomplete, w=zero)] == ["all_zero"]
