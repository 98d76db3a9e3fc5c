"""Values that cannot be read: missing ones, and what is not a value at all."""

from collections.abc import Callable, Sequence
from typing import Any

from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.schemas.common import FieldProblem
from service.serializers.cells import find_fault
from service.serializers.value_limits import MAX_VALUES, too_many_values


class Unreadable:
    """Collects the unreadable values of a request, column by column.

    Attributes:
        places: row and column of each value that is taken for a missing one.
    """

    def __init__(self) -> None:
        self.places: list[tuple[int, int]] = []
        self._problems: list[FieldProblem] = []

    def add(self, column: int, rows: Sequence[int]) -> None:
        """Add cells of a file. Raises InvalidRowsError: they are too many."""
        self.places += [(row, column) for row in rows]
        if len(self.places) > MAX_VALUES:
            raise too_many_values(f"more than {MAX_VALUES} values cannot be read")

    def add_values(
        self, column: int, rows: Sequence[int], values: Sequence[Any], locate: Callable[[int], str]
    ) -> None:
        """Add JSON values.

        Args:
            column: index of the column.
            rows: rows of the unreadable values.
            values: all values of the column.
            locate: returns the JSON pointer to the value of a row.

        Raises:
            InvalidRowsError: there are 20 arrays or objects, or too many other values.
        """
        scalars: list[int] = []
        for row in rows:
            detail = find_fault(values[row])
            if detail is None:
                scalars.append(row)
                continue
            problem = FieldProblem(pointer=locate(row), code="not_a_value", detail=detail)
            self._problems.append(problem)
            if len(self._problems) == MAX_PROBLEMS:
                raise InvalidRowsError(self._problems)
        self.add(column, scalars)

    def check(self) -> None:
        """Raise InvalidRowsError if some values are arrays or objects."""
        if self._problems:
            raise InvalidRowsError(self._problems)
