"""Validators that stop early: at the first wrong item of a list or object.

Pydantic describes every wrong item, which takes a thousand times the memory of the item.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import PydanticCustomError, SchemaValidator, core_schema

# An object with known fields may have as many more; beyond, only their number is reported.
MAX_UNKNOWN_FIELDS = 1_000
_CONTAINERS = frozenset({"list", "tuple", "set", "frozenset", "dict"})
# Where pydantic's schemas have other schemas.
_INNER = frozenset(
    {
        "schema",
        "schemas",
        "fields",
        "choices",
        "steps",
        "items_schema",
        "keys_schema",
        "values_schema",
        "extras_schema",
        "json_schema",
        "python_schema",
        "lax_schema",
        "strict_schema",
        "definitions",
    }
)


@lru_cache
def make_fail_fast_validator(model: type[BaseModel]) -> SchemaValidator:
    """Return a validator that accepts what the model accepts, with few errors for anything else."""
    schema = _stop_early(model.__pydantic_core_schema__)
    # The prebuilt validators of inner models would not stop early.
    return SchemaValidator(schema, None, _use_prebuilt=False)


def _stop_early(schema: Any) -> Any:  # noqa: ANN401 - schemas, and lists and tables of them
    if isinstance(schema, list | tuple):
        return type(schema)(map(_stop_early, schema))
    if not isinstance(schema, dict):
        return schema
    kind = schema.get("type")
    if not isinstance(kind, str):
        # A table of fields or choices by name, one of which may be `type`.
        return {name: _stop_early(inner) for name, inner in schema.items()}
    changed = {key: _stop_early(value) if key in _INNER else value for key, value in schema.items()}
    if kind in _CONTAINERS:
        return {**changed, "fail_fast": True}
    if kind == "model-fields":
        return core_schema.no_info_before_validator_function(
            _limit_fields(schema["fields"]), cast("core_schema.CoreSchema", changed)
        )
    return changed


def _limit_fields(fields: Mapping[str, object]) -> Callable[[object], object]:
    """Return a check of the number of fields of an object."""
    limit = len(fields) + MAX_UNKNOWN_FIELDS

    def check(value: object) -> object:
        if isinstance(value, dict) and len(value) > limit:
            raise PydanticCustomError(
                "too_many_values",
                "{count} fields; the known ones are {known}",
                {"count": len(value), "known": f"{[*fields]}"},
            )
        return value

    return check
