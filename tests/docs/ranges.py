"""The ranges of the numbers that a spec accepts, as text."""

from typing import Any

from pydantic import BaseModel


def list_ranges(model: type[BaseModel]) -> dict[str, str]:
    """Return the range of each field that has one: of the number, or of a list's or map's items."""
    schema = model.model_json_schema()
    # A recursive model is a reference to its own definition.
    properties = schema.get("$defs", {}).get(model.__name__, schema)["properties"]
    found = {name: _range(schema) for name, schema in properties.items()}
    return {name: span for name, span in found.items() if span}


def _range(schema: dict[str, Any]) -> str:
    below = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {_number(schema[key])}" for key, sign in below.items() if key in schema]
    if bounds:
        return ", ".join(bounds)
    inner = [*schema.get("anyOf", []), schema.get("items"), schema.get("additionalProperties")]
    spans = [_range(one) for one in inner if isinstance(one, dict)]
    return next((span for span in spans if span), "")


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
