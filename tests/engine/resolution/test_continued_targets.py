"""Targets of a training that starts from a model, compared with those of the model."""

import pytest

from engine.data.levels import known_levels
from engine.data.table import ColumnSchema, Level, TableSchema
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
)
from engine.resolution.continued_targets import find_other_targets, with_classes_of

TABLE = TableSchema(
    50,
    (
        ColumnSchema("x", "numeric", 0, 40),
        ColumnSchema("price", "numeric", 0, 40),
        ColumnSchema("ab", "categorical", 0, 2, levels=("a", "b")),
        ColumnSchema("abc", "categorical", 0, 3, levels=("a", "b", "c")),
        ColumnSchema("many", "categorical", 0, 300),
        ColumnSchema("texts", "text", 0, None),
        ColumnSchema("codes", "numeric", 0, 2, integral=True, levels=("1", "2")),
        ColumnSchema("truth", "boolean", 0, 2, levels=("false", "true")),
    ),
)
NUMBER = NumericTarget("price", 0, 1)


def classes(name: str, *levels: Level) -> ClassTarget:
    return ClassTarget(name, levels)


LETTERS = classes("ab", "a", "b")
LABELS = LabelTargets((LETTERS, classes("truth", False, True)))


@pytest.mark.parametrize(
    ("names", "fitted", "found"),
    [
        (["price"], NUMBER, []),
        (["codes"], NUMBER, []),
        (["x"], NUMBER, [("/target", "other_targets")]),
        (["ab"], NUMBER, [("/target", "other_targets")]),
        (["gone"], NUMBER, []),
        (["price", "codes"], NUMBER, [("/target", "other_targets")]),
        (["codes", "ab"], NumericTargets((NumericTarget("codes", 0, 1), NUMBER)),
         [("/target", "other_targets")]),
        (["ab"], LETTERS, []),
        (["ab"], classes("ab", "a", "b", "c"), []),
        (["ab"], classes("abc", "a", "b", "c"), []),
        (["abc"], LETTERS, [("/target", "other_targets")]),
        (["abc"], classes("abc", "a", "b"), [("/target", "new_class")]),
        (["many"], classes("many", "a", "b"), [("/target", "new_class")]),
        (["texts"], classes("texts", "a", "b"), [("/target", "new_class")]),
        (["codes"], classes("codes", 0, 1, 2), []),
        (["codes"], classes("codes", 0, 1), [("/target", "new_class")]),
        (["codes"], LETTERS, [("/target", "other_targets")]),
        (["truth"], LETTERS, [("/target", "other_targets")]),
        (["ab", "truth"], LABELS, []),
        (["ab", "truth"], LabelTargets((classes("ab", "a", "z"), classes("truth", False, True))),
         [("/target/0", "new_class")]),
        (["ab"], InputsTarget(), [("/target", "other_targets")]),
        ([], InputsTarget(), []),
    ],
)  # fmt: skip
def test_targets_must_be_what_the_model_predicts(
    names: list[str], fitted: FittedTarget, found: list[tuple[str, str]]
) -> None:
    problems = [*find_other_targets(names, fitted, ["x"], TABLE)]
    assert [(problem.pointer, problem.code) for problem in problems] == found


def test_new_classes_are_named() -> None:
    (problem,) = find_other_targets(["abc"], classes("abc", "a", "b"), ["x"], TABLE)
    assert "classes that the model lacks: 'c'. It predicts 'a', 'b' of 'abc'" in problem.detail
    assert "leave out the rows of others, or leave out start_from" in problem.detail


def test_the_table_has_all_classes_of_the_model() -> None:
    found = with_classes_of(["codes"], classes("codes", 0, 1, 2), TABLE)
    column = found.columns[6]
    assert (column.distinct, known_levels(column)) == (3, (0, 1, 2))
    # Booleans equal 0 and 1, but their words differ.
    column = with_classes_of(["truth"], classes("truth", 0, 1), TABLE).columns[7]
    assert (column.distinct, known_levels(column)) == (2, None)
    assert with_classes_of(["price"], NUMBER, TABLE) == TABLE
