"""Checks that find many problems."""

from collections.abc import Iterator

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError, SpecProblem
from engine.resolution.report import MAX_PROBLEMS, Report
from tests.engine.resolution.requests import ask


@pytest.mark.parametrize(("count", "is_complete"), [(0, True), (20, True), (21, False)])
def test_the_first_problems_of_a_check_are_added(count: int, is_complete: bool) -> None:
    report = Report()
    report.problem("/a", "wrong", "is wrong")
    report.add_first(SpecProblem(f"/{n}", "wrong", "is wrong") for n in range(count))
    report.add_first([])
    assert len(report.problems) == 1 + min(count, MAX_PROBLEMS)
    assert report.is_complete == is_complete


def test_problems_beyond_those_are_not_computed() -> None:
    computed = []

    def find() -> Iterator[SpecProblem]:
        for n in range(1_000):
            computed.append(n)
            yield SpecProblem(f"/{n}", "wrong", "is wrong")

    Report().add_first(find())
    assert len(computed) == MAX_PROBLEMS + 1


@pytest.mark.parametrize(("names", "is_complete"), [(20, True), (30, False)])
def test_an_error_states_whether_it_has_all_problems(names: int, is_complete: bool) -> None:
    color = ColumnSchema("color", "categorical", 0, 2, levels=("red", "blue"))
    table = TableSchema(100, (color, ColumnSchema("count", "numeric", 0, 60)))
    with pytest.raises(SpecError) as raised:
        ask(
            "color",
            table=table,
            features=["count"],
            class_weight={f"c{n}": 2.0 for n in range(names)},
        )
    assert len(raised.value.problems) == 20
    assert raised.value.is_complete == is_complete
