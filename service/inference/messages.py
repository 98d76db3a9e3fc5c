"""Texts of the errors of inference requests, of bounded length."""

from collections.abc import Collection
from reprlib import Repr

from engine.data.similar_words import find_similar
from service.http.errors import InvalidInferenceError

_MAX_SHOWN = 60
_MAX_NAMES = 5

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = _MAX_SHOWN
_SHORT.maxlevel = 2


def tensor_error(name: str, detail: str) -> InvalidInferenceError:
    """Return the error of an input tensor."""
    return InvalidInferenceError(f"tensor {show(name)}: {detail}")


def show(value: object) -> str:
    """Return a value of the request for a message, shortened."""
    return _SHORT.repr(value)


def show_names(names: Collection[str]) -> str:
    """Return the first names for a message."""
    shown = ", ".join(show(name) for name in list(names)[:_MAX_NAMES])
    hidden = len(names) - _MAX_NAMES
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def suggest(name: str, known: Collection[str]) -> str:
    """Return the question whether the most similar name is meant; empty if none is similar."""
    near = find_similar(name, known)
    return f"; did you mean {show(near[0])}?" if near else ""
