"""Limits of the numbers of values in a request's rows and in its answer."""

from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem

# Values of a JSON answer: each takes up to 400 bytes of memory.
MAX_VALUES = 2**19
# Rows times features: records that leave columns out are small, the columns' arrays are not.
MAX_CELLS = 2**24


def require_few_values(rows: int, per_row: int, unit: str, limit: int) -> None:
    """Check the number of values of all rows. Raises InvalidRowsError.

    Args:
        rows: number of rows.
        per_row: number of values per row.
        unit: what the values are, in the plural.
        limit: maximum number of values.
    """
    if rows * per_row <= limit:
        return
    fitting = limit // per_row
    advice = f"send at most {fitting} rows per request" if fitting else "not even one row fits"
    raise too_many_values(f"{rows} rows of {per_row} {unit} are more than {limit} values; {advice}")


def too_many_values(detail: str) -> InvalidRowsError:
    """Return the error of rows with too many values."""
    problem = FieldProblem(pointer="/rows", code="too_many_values", detail=detail)
    return InvalidRowsError([problem])
