"""From pydantic's error locations to JSON pointers into what the client sent."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from service.schemas.common import FieldProblem


def field_problems(errors: Sequence[Mapping[str, Any]], body: object) -> list[FieldProblem]:
    """One problem for each field; of several for the same field, those that say most."""
    found: dict[tuple[str, str, str], FieldProblem] = {}
    for error in errors:
        location, *path = error["loc"]
        if location != "body":
            path = path[:1]
        elif error["type"] == "json_invalid":
            path = []
        else:
            path = _within(body, path, missing=error["type"] == "missing")
        problem = FieldProblem(
            location=cast("Any", location),
            pointer="".join(f"/{_escaped(part)}" for part in path),
            code=error["type"],
            detail=_detail(error),
        )
        found.setdefault((problem.location, problem.pointer, problem.detail), problem)
    return list(found.values())


def _within(body: object, path: Sequence[str | int], *, missing: bool) -> list[str | int]:
    """The path without the names of union members, which pydantic mixes in."""
    kept: list[str | int] = []
    here: Any = body
    for position, part in enumerate(path):
        is_key = isinstance(here, dict) and part in here
        is_index = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_key or is_index:
            here = here[part]
            kept.append(part)
        elif missing and position == len(path) - 1:
            kept.append(part)
    return kept


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _detail(error: Mapping[str, Any]) -> str:
    match error["type"]:
        case "json_invalid":
            return f"the body is not valid JSON: {error['ctx']['error']}"
        case "missing":
            return "this field is required"
        case "extra_forbidden":
            return "there is no such field"
        case "union_tag_not_found":
            return f"say of which kind it is: {error['ctx']['discriminator']} is missing"
        case "union_tag_invalid":
            return f"{error['ctx']['tag'][:80]!r} is none of {error['ctx']['expected_tags']}"
        case _:
            return str(error["msg"])
