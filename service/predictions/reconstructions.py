"""Limit of the size of a reconstruction's answer."""

from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem

# Rows times columns: each value of the answer takes about 200 bytes of memory.
MAX_VALUES = 2**19


def require_few_values(rows: int, columns: int) -> None:
    """Limit the size of the answer, which names every column in every row.

    Raises InvalidRowsError.
    """
    if rows * columns > MAX_VALUES:
        detail = (
            f"{rows} rows of {columns} columns are more than {MAX_VALUES} values; send at most "
            f"{MAX_VALUES // columns} rows per request"
        )
        problem = FieldProblem(pointer="/rows", code="too_many_values", detail=detail)
        raise InvalidRowsError([problem])
