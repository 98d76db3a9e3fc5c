"""The text of an error that has several problems."""

import pytest

from service.http.errors import summarize
from service.schemas.common import FieldProblem

PROBLEMS = [FieldProblem(pointer=f"/{n}", code="wrong", detail="is wrong") for n in range(5)]
FIRST = "/0: is wrong; /1: is wrong; /2: is wrong"


@pytest.mark.parametrize(
    ("count", "total", "is_complete", "text"),
    [
        (1, None, True, "/0: is wrong"),
        (3, None, True, FIRST),
        (3, 3, False, FIRST),
        (5, None, True, f"{FIRST}; and 2 more"),
        (5, 50, True, f"{FIRST}; and 47 more"),
        (5, None, False, f"{FIRST}; and at least 2 more"),
        (1, 2, True, "/0: is wrong; and 1 more"),
    ],
)
def test_the_number_of_problems_that_are_left_out_is_stated(
    count: int, total: int | None, is_complete: bool, text: str
) -> None:
    assert summarize(PROBLEMS[:count], total, is_complete=is_complete) == text


def test_a_problem_of_the_whole_body_or_query_names_it() -> None:
    problem = FieldProblem(location="query", pointer="", code="wrong", detail="is wrong")
    assert summarize([problem]) == "query: is wrong"
