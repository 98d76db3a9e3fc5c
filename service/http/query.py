"""Query parameters of routes that read their request themselves, declared as a pydantic model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from engine.data.levels import describe_levels
from service.http.errors import MAX_PROBLEMS
from service.http.validation_texts import ACCEPTED

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
            errors = [_explain_value(model, found) for found in error.errors()]
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


def _explain_value(model: type[BaseModel], error: Mapping[str, Any]) -> dict[str, Any]:
    """Return pydantic's error with the accepted values of the parameter, where they are simple."""
    found = {**error, "loc": ("query", *error["loc"])}
    accepted = _describe_accepted(_schema_of(model, str(error["loc"][0])))
    return found if accepted is None else {**found, "ctx": {ACCEPTED: accepted}}


def _describe_accepted(schema: Mapping[str, Any]) -> str | None:
    match schema:
        case {"enum": [*values, last]}:
            return f"{', '.join(map(repr, values))} or {last!r}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "number", "minimum": lowest, "maximum": highest}:
            return f"a number between {lowest} and {highest}"
        case _:
            return None


def _unknown(model: type[BaseModel], pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    names = [*model.model_fields]
    unknown = dict.fromkeys(name[:_MAX_SHOWN] for name, _ in pairs if name not in names)
    # Comparing names takes long: only those that an answer has get a suggestion.
    words = [*unknown][:MAX_PROBLEMS]
    known = {name: describe_levels(names, name) for name in words}
    others = describe_levels(names)
    return [
        _error(name, "unknown_parameter", f"the parameters are {known.get(name, others)}")
        for name in unknown
    ]


def _repeated(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    counts = Counter(name for name, _ in pairs)
    return [
        _error(name[:_MAX_SHOWN], "repeated_parameter", f"stated {count} times, not once")
        for name, count in counts.items()
        if count > 1
    ]


def _error(name: str, code: str, detail: str) -> dict[str, Any]:
    return {"type": code, "loc": ("query", name), "msg": detail}
