"""Values that a later version has stored in a form that this version does not know."""

from collections.abc import Callable
from typing import TypeVar

from engine.stored.versions import SPEC_VERSION

Value = TypeVar("Value")


def if_known(version: int, read: Callable[[], Value]) -> Value | None:
    """Return a stored value; None if its version is later and its form is not known.

    Raises the error of `read` for values of this version and earlier ones.
    """
    try:
        return read()
    except (ValueError, TypeError, KeyError):  # pydantic's errors are ValueErrors
        if version <= SPEC_VERSION:
            raise
        return None
