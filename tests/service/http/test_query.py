"""Query parameters of routes that read their request themselves."""

from typing import Literal

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from service.http.errors import MAX_PROBLEMS
from service.http.json_pointers import field_problems
from service.http.query import list_parameters, parse_query


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    mode: Literal["one", "two"] | None = Field(default=None, description="Which mode.")
    level: float = Field(default=0.5, le=1)


class Values(BaseModel):
    mode: Literal["one", "two"] = "one"
    level: float = 0.5
    share: float | None = Field(default=None, ge=0, le=1)
    flag: bool = False


def refuse(query: bytes) -> list[tuple[tuple[str, ...], str, str]]:
    with pytest.raises(RequestValidationError) as raised:
        parse_query(Options, query)
    return [(error["loc"], error["type"], error["msg"]) for error in raised.value.errors()]


def test_parameters_are_read_with_their_defaults() -> None:
    assert parse_query(Options, b"") == Options()
    assert parse_query(Options, b"level=0.25&mode=two") == Options(mode="two", level=0.25)
    assert parse_query(Options, b"mode=t%77o") == Options(mode="two")


def test_an_unknown_parameter_is_refused_with_the_nearest_one() -> None:
    ((place, code, detail),) = refuse(b"levels=1")
    assert (place, code) == (("query", "levels"), "unknown_parameter")
    assert detail == "the parameters are 'mode', 'level'; did you mean 'level'?"


def test_a_repeated_parameter_is_refused() -> None:
    assert refuse(b"level=1&level=1") == [
        (("query", "level"), "repeated_parameter", "stated 2 times, not once")
    ]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (b"share=80%25", "must be a number between 0 and 1, not '80%'"),
        (b"share=-1", "must be a number between 0 and 1, not '-1'"),
        (b"share=nan", "must be a number between 0 and 1, not 'nan'"),
        (b"flag=maybe", "must be true or false, not 'maybe'"),
        (b"mode=three", "must be 'one' or 'two', not 'three'"),
        (b"level=high", "must be a number, not 'high'"),
        (b"level=" + b"x" * 1000, f"must be a number, not '{'x' * 80}'"),
    ],
)
def test_a_wrong_value_is_named_with_those_that_are_accepted(query: bytes, detail: str) -> None:
    with pytest.raises(RequestValidationError) as raised:
        parse_query(Values, query)
    (found,) = field_problems(raised.value.errors(), None)
    assert found.detail == detail


@pytest.mark.parametrize(
    ("query", "name"), [(b"level=2", "level"), (b"level=nan", "level"), (b"mode=", "mode")]
)
def test_a_wrong_value_is_refused(query: bytes, name: str) -> None:
    ((place, _, _),) = refuse(query)
    assert place == ("query", name)


@pytest.mark.parametrize("query", [b"\xff=1", b"%ff=%00", b"&&==", b"a" * 60_000, b"x=1&" * 9000])
def test_errors_of_odd_queries_are_bounded(query: bytes) -> None:
    many = b"".join(b"level%d=1&" % n for n in range(9000))
    for one in (query, many):
        errors = refuse(one)
        assert sum("did you mean" in detail for _, _, detail in errors) <= MAX_PROBLEMS
        assert max(len(detail) + len(place[1]) for place, _, detail in errors) < 500


def test_parameters_are_declared() -> None:
    assert list_parameters(Options) == [
        {
            "name": "mode",
            "in": "query",
            "required": False,
            "description": "Which mode.",
            "schema": {"type": "string", "enum": ["one", "two"]},
        },
        {
            "name": "level",
            "in": "query",
            "required": False,
            "description": None,
            "schema": {"type": "number", "maximum": 1, "default": 0.5},
        },
    ]
