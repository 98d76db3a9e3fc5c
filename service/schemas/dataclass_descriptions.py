"""Descriptions of dataclasses in the OpenAPI document, from their docstrings."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints


def describe_dataclasses(schemas: dict[str, Any], *roots: type) -> None:
    """Describe the schemas of dataclasses, and their properties, by the classes' docstrings.

    Args:
        schemas: schemas by the name of their class.
        roots: dataclasses; those that their fields contain are described as well.
    """
    for kind in list_dataclasses(*roots):
        schema = schemas.get(kind.__name__)
        if schema is None:
            continue
        schema["description"] = parse_docstring(kind)[0]
        for base in reversed(kind.__mro__):
            for name, text in parse_docstring(base)[1].items():
                if name in schema["properties"]:
                    schema["properties"][name]["description"] = _as_json(text)


def list_dataclasses(*roots: type) -> tuple[type, ...]:
    """Return dataclasses, and those that their fields contain."""
    return tuple(dict.fromkeys(each for root in roots for each in _walk(root, set())))


def parse_docstring(kind: type) -> tuple[str, dict[str, str]]:
    """Return the text before `Attributes:`, and the text of each attribute."""
    head, _, rest = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    found: dict[str, str] = {}
    for match in re.finditer(r"^    (\w+): (.*(?:\n     +.*)*)", rest, re.MULTILINE):
        found[match[1]] = re.sub(r"\s+", " ", match[2]).strip()
    return head.strip(), found


def _as_json(text: str) -> str:
    """Return a sentence in the words of JSON; a symbol at its beginning stays as it is."""
    capital = text[:1].upper() if text[:2].isascii() and text[:2].isalpha() else text[:1]
    return re.sub(r"\bNone\b", "null", capital + text[1:])


def _walk(kind: Any, seen: set[type]) -> Iterator[type]:  # noqa: ANN401 - any annotation
    """Yield the dataclass, and those in the annotations of its fields."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if kind in seen:
            return
        seen.add(kind)
        yield kind
        for annotation in get_type_hints(kind).values():
            yield from _walk(annotation, seen)
    for argument in get_args(kind):
        yield from _walk(argument, seen)
