"""Limit of the arrays and objects in a JSON body, checked before it is parsed."""

from collections.abc import Sequence
from math import prod

from engine.arrays import Shape
from service.http.errors import InvalidRowsError
from service.http.json_scan import count_containers
from service.schemas.common import FieldProblem
from service.schemas.predictions import MAX_ROWS

# Beyond those of the rows. Rows and columns that are few enough to parse are counted exactly later.
_SPARE = 100_000


def require_few_containers(body: bytes, shapes: Sequence[Shape]) -> None:
    """Check the number of arrays and objects. Raises InvalidRowsError.

    Parsed, an empty array takes up to 30 times the memory of its two characters.

    Args:
        body: the JSON text, which may be invalid.
        shapes: shapes in which the values of a row may be nested, that with most axes first.
    """
    limit = limit_containers(shapes)
    if count_containers(body, limit) > limit:
        problem = FieldProblem(pointer="", code="too_long", detail=describe_limit(limit))
        raise InvalidRowsError([problem])


def limit_containers(shapes: Sequence[Shape]) -> int:
    """Return the most arrays and objects in a body, whose rows may be nested in these shapes."""
    per_row = 1
    if shapes:
        per_row = sum(prod(shapes[0][:axis]) for axis in range(len(shapes[0])))
    return _SPARE + MAX_ROWS * per_row


def describe_limit(limit: int) -> str:
    """Return the description of a body with more arrays and objects than the limit."""
    return (
        f"the body has more than {limit} arrays and objects; a request has at most {MAX_ROWS} rows"
    )
