"""Pydantic error locations to JSON pointers into the request."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from engine.json_pointer import json_pointer
from service.http.validation_texts import describe_error
from service.schemas.common import FieldProblem


def field_problems(errors: Sequence[Mapping[str, Any]], body: object) -> list[FieldProblem]:
    """Convert pydantic errors into field problems, without duplicates."""
    found: dict[tuple[str, str, str], FieldProblem] = {}
    for error in errors:
        location, *path = error["loc"]
        if location != "body":
            path = path[:1]
        elif error["type"] != "json_invalid":
            path = _drop_union_members(body, path, missing=error["type"] == "missing")
        problem = FieldProblem(
            location=cast("Any", location),
            pointer=json_pointer(*path),
            code=error["type"],
            detail=describe_error(error),
        )
        found.setdefault((problem.location, problem.pointer, problem.detail), problem)
    return list(found.values())


def _drop_union_members(
    body: object, path: Sequence[str | int], *, missing: bool
) -> list[str | int]:
    """Return the path without the names of union members, which pydantic includes."""
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
