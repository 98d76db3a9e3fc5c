"""Texts of the errors of inference requests, of bounded length."""

import json
from collections.abc import Collection, Iterable
from itertools import islice
from reprlib import Repr

from engine.data.similar_words import find_similar
from service.http.errors import InvalidInferenceError

_MAX_SHOWN = 60
_MAX_JSON = 120
_MAX_NAMES = 5
_MAX_ITEMS = 6
_MAX_DEPTH = 2
_MORE = "..."

_SHORT = Repr()
_SHORT.maxstring = _MAX_SHOWN


def tensor_error(name: str, detail: str) -> InvalidInferenceError:
    """Return the error of an input tensor."""
    return InvalidInferenceError(f"tensor {show(name)}: {detail}")


def show(value: object) -> str:
    """Return a JSON value for a message, shortened: a string as names are quoted, else JSON."""
    if isinstance(value, str):
        return _SHORT.repr(value)
    text = _to_json(value, _MAX_DEPTH)
    return f"{text[:_MAX_JSON]}{_MORE}" if len(text) > _MAX_JSON else text


def _to_json(value: object, depth: int) -> str:
    match value:
        case list():
            items = (_to_json(item, depth - 1) for item in value)
            return f"[{_join(items, len(value), depth)}]"
        case dict():
            pairs = value.items()
            members = (f"{_to_json(key, depth)}: {_to_json(one, depth - 1)}" for key, one in pairs)
            return f"{{{_join(members, len(value), depth)}}}"
        case str():
            # UTF-8 cannot encode lone surrogates: they stay escaped.
            text = json.dumps(value[:_MAX_JSON], ensure_ascii=False)
            return text.encode(errors="backslashreplace").decode()
        case _:
            return json.dumps(value)


def _join(items: Iterable[str], count: int, depth: int) -> str:
    """Return the first items, none of them below the greatest depth."""
    shown = list(islice(items, _MAX_ITEMS if depth else 0))
    return ", ".join([*shown, _MORE] if count > len(shown) else shown)


def show_names(names: Collection[str]) -> str:
    """Return the first names for a message."""
    shown = ", ".join(show(name) for name in list(names)[:_MAX_NAMES])
    hidden = len(names) - _MAX_NAMES
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def suggest(name: str, known: Collection[str]) -> str:
    """Return the question whether the most similar name is meant; empty if none is similar."""
    near = find_similar(name, known)
    return f"; did you mean {show(near[0])}?" if near else ""
