"""Refuse numbers that are not finite: no JSON and no float column ever holds one."""

import json
import math
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Dialect, Float
from sqlalchemy.types import TypeDecorator

from store.errors import UnstorableValueError


class FiniteFloat(TypeDecorator[float]):
    """A float column that holds finite numbers alone.

    Args:
        name: of the column, for the error.
    """

    impl = Float
    cache_ok = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Return the number. Raises UnstorableValueError."""
        if value is not None and not math.isfinite(value):
            raise _not_finite(self.name, value)
        return value


def dump_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Serialize a JSON value for the database. Raises UnstorableValueError."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as error:
        # Searched only now: the serializer checks every number at no cost, but names none.
        for pointer, number in _numbers(value):
            if not math.isfinite(number):
                raise _not_finite(pointer, number) from error
        raise


def _not_finite(name: str, number: float) -> UnstorableValueError:
    return UnstorableValueError(f"{name} is {number}, and only finite numbers are stored")


def _numbers(value: Any, pointer: str = "") -> Iterator[tuple[str, float]]:  # noqa: ANN401 - as above
    """Every float in a JSON value, with its JSON pointer."""
    if isinstance(value, float):
        yield pointer, value
        return
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list | tuple):
        pairs = enumerate(value)
    for key, item in pairs:
        yield from _numbers(item, f"{pointer}/{key}")
