"""Query parameters of routes that read their request themselves, declared as a pydantic model."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from engine.data.levels import describe_levels
from service.http.errors import MAX_PROBLEMS

Model = TypeVar("Model", bound=BaseModel)
_MAX_SHOWN = 80


def parse_query(model: type[Model], query: bytes) -> Model:
    """Return the parameters of a query string.

    Raises:
        RequestValidationError: a parameter is unknown, repeated, or has a wrong value.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    errors = [*_unknown(model, pairs), *_repeated(pairs)]
    if not errors:
        try:
            return model.model_validate(dict(pairs))
        except ValidationError as error:
            errors = [{**found, "loc": ("query", *found["loc"])} for found in error.errors()]
    raise RequestValidationError(errors)


def list_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """Return the parameters for the `openapi_extra` of a route."""
    return [
        {
            "name": name,
            "in": "query",
            "required": field.is_required(),
            "description": field.description,
            "schema": _schema_of(model, name),
        }
        for name, field in model.model_fields.items()
    ]


def _schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Return the schema of a parameter, which is left out where a field would be null."""
    schema: dict[str, Any] = dict(model.model_json_schema()["properties"][name])
    for key in ("description", "title"):
        schema.pop(key, None)
    given = [option for option in schema.pop("anyOf", [{}]) if option != {"type": "null"}]
    if schema.get("default", "") is None:
        del schema["default"]
    return {**given[0], **schema}


def _unknown(model: type[BaseModel], pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    names = [*model.model_fields]
    return [
        _error(name, "unknown_parameter", f"the parameters are {describe_levels(names, name)}")
        for name in dict.fromkeys(name[:_MAX_SHOWN] for name, _ in pairs)
        if name not in names
    ][:MAX_PROBLEMS]


def _repeated(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    counts = Counter(name for name, _ in pairs)
    return [
        _error(name[:_MAX_SHOWN], "repeated_parameter", f"stated {count} times, not once")
        for name, count in counts.items()
        if count > 1
    ][:MAX_PROBLEMS]


def _error(name: str, code: str, detail: str) -> dict[str, Any]:
    return {"type": code, "loc": ("query", name), "msg": detail}
