"""Queries whose rows are bounded in characters, too."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, Text, bindparam, cast, func, select


def bound_rows(
    query: Select[Any],
    values: Sequence[str],
    order: Callable[[Subquery], Sequence[ColumnElement[Any]]],
) -> Any:  # noqa: ANN401 - a statement
    """Return the rows of a query until their values have `length` characters; at least the first.

    Each row also has `matching`, the number of rows of the query, and `reached`, the characters up
    to its end.

    Args:
        query: the query.
        values: names of the columns with the long values.
        order: the order of the rows.
    """
    rows = query.subquery()
    own = reduce(add, [func.length(cast(rows.c[name], Text)) for name in values])
    sized = select(
        rows,
        own.label("own"),
        func.sum(own).over(order_by=order(rows), rows=(None, 0)).label("reached"),
        func.count().over().label("matching"),
    ).subquery()
    kept = [column for column in sized.c if column.name != "own"]
    fits = sized.c.reached - sized.c.own < bindparam("length")
    return select(*kept).where(fits).order_by(*order(sized))
