"""Which fields and options of stored values are used by given values."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel


def list_uses(root: type) -> set[str]:
    """Return every field of a type and of the types that it refers to, and every named option."""
    found: set[str] = set()
    waiting, seen = [root], set()
    while waiting:
        owner = waiting.pop()
        if owner in seen:
            continue
        seen.add(owner)
        for name, annotation in _fields(owner).items():
            found.add(f"{owner.__name__}.{name}")
            for part in _parts(annotation):
                if get_origin(part) is Literal:
                    found |= {f"{_options(part)}: {option}" for option in get_args(part)}
                elif _is_record(part):
                    waiting.append(part)
    return found


def find_uses(value: object) -> Iterator[str]:
    """Yield the fields that are set in a value, and the options that it uses."""
    if _is_record(type(value)):
        for name, annotation in _fields(type(value)).items():
            item = getattr(value, name)
            if item is not None:
                yield f"{type(value).__name__}.{name}"
            for part in _parts(annotation):
                if get_origin(part) is Literal:
                    chosen = item if isinstance(item, tuple) else (item,)
                    yield from (f"{_options(part)}: {option}" for option in chosen)
            yield from find_uses(item)
    elif isinstance(value, tuple | list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from find_uses(item)


def _is_record(part: Any) -> bool:
    return isinstance(part, type) and (issubclass(part, BaseModel) or is_dataclass(part))


def _fields(owner: type) -> dict[str, Any]:
    hints = get_type_hints(owner, include_extras=True)
    if issubclass(owner, BaseModel):
        return {name: hints[name] for name in owner.model_fields}
    return {field.name: hints[field.name] for field in fields(owner)}  # type: ignore[arg-type]  # a dataclass


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and the annotations inside it."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for part in get_args(annotation):
            yield from _parts(part)


def _options(literal: Any) -> str:
    return "|".join(map(str, get_args(literal)))
