"""Rejection of non-finite numbers in JSON and float columns."""

import json
import math
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Dialect, Float
from sqlalchemy.types import TypeDecorator

from store.errors import UnstorableValueError


class FiniteFloat(TypeDecorator[float]):
    """A float column type that rejects infinity and NaN.

    Args:
        name: column name, for the error message.
    """

    impl = Float
    cache_ok = True

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Return the value unchanged. Raises UnstorableValueError if it is not finite."""
        if value is not None and not math.isfinite(value):
            raise _not_finite(self.name, value)
        return value


def dump_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Serialize a JSON value for the database. Raises UnstorableValueError."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError as error:
        # Searched only on failure: the serializer checks every number, but does not name it.
        for pointer, number in _numbers(value):
            if not math.isfinite(number):
                raise _not_finite(pointer, number) from error
        raise


def _not_finite(name: str, number: float) -> UnstorableValueError:
    return UnstorableValueError(f"{name} is {number}, and only finite numbers are stored")


def _numbers(value: Any, pointer: str = "") -> Iterator[tuple[str, float]]:  # noqa: ANN401 - as above
    """Yield every float in a JSON value with its JSON pointer."""
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
