"""Texts of pydantic's errors, in the words of JSON."""

from collections.abc import Mapping
from typing import Any

_TYPES = {
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "missing": "this field is required",
    "extra_forbidden": "unknown field",
}


def describe_error(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a value of a request, and what is allowed."""
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "union_tag_not_found":
            return f"the field {context['discriminator']} is required"
        case "union_tag_invalid":
            return f"must be one of {context['expected_tags']}, not {context['tag'][:80]!r}"
        case "too_short" | "too_long":
            return _describe_length(kind, context)
        case _:
            return _TYPES.get(kind) or _reworded(str(error["msg"]))


def _reworded(message: str) -> str:
    """Return pydantic's message without its name of the value."""
    text = message.removeprefix("Value error, ")
    for prefix in ("Input should ", "String should ", "Value should "):
        if text.startswith(prefix):
            return f"must {text.removeprefix(prefix)}"
    return text


def _describe_length(kind: str, context: Mapping[str, Any]) -> str:
    """Return the allowed number of items of a list, or of entries of an object."""
    item, items = (
        ("entry", "entries") if context["field_type"] == "Dictionary" else ("item", "items")
    )
    bound, limit = ("least", "min_length") if kind == "too_short" else ("most", "max_length")
    count = context[limit]
    found = context.get("actual_length")
    has = "" if found is None else f"; it has {found or 'none'}"
    return f"must have at {bound} {count} {item if count == 1 else items}{has}"
