"""JSON rows as records: objects, arrays, and arrays nested in the shape of the model's inputs."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape
from engine.json_pointer import json_pointer
from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.schemas.common import FieldProblem
from service.serializers.model_columns import (
    MAX_SUGGESTIONS,
    NO_RULES,
    ColumnRules,
    ModelColumns,
    count_noun,
    explain_lacking,
)

# Rows of a growing list that are checked before more are read.
CHECKED_ROWS = 32
# Rows whose columns are compared with one that no row has.
_COMPARED_ROWS = 100
Record = Mapping[str, object]


class RecordReader:
    """Reads rows as records; it does not read their values.

    Attributes:
        shapes: shapes in which the values of a row may be nested.

    Args:
        columns: columns of the model.
        shape: shape to which the model reshapes each row, in which arrays may be nested.
    """

    def __init__(self, columns: ModelColumns, shape: Shape | None) -> None:
        self._columns = columns
        self._names = columns.features
        self.shapes = [] if shape is None else [shape]
        if shape is not None and len(shape) > 1 and shape[-1] == 1:
            # An image of one channel is usually an array of height and width.
            self.shapes.append(shape[:-1])

    def read(self, rows: Sequence[Any], rules: ColumnRules = NO_RULES) -> list[Record]:
        """Return rows as records. Raises InvalidRowsError, naming up to 20 rows or columns."""
        if not _has_rows(rows):
            detail = (
                "rows is a list of objects or arrays: [{…}, {…}] or [[…], […]]; a single row is "
                "a list of one, too"
            )
            raise InvalidRowsError([_problem((), "not_a_row", detail)])
        records, problems = self._read_rows(rows, rules)
        absent = self._columns.list_absent(rows, rules)
        if absent or problems:
            shown = [*self._absent_problems(absent, rows), *problems]
            total, is_complete = len(absent) + len(problems), len(problems) < MAX_PROBLEMS
            raise InvalidRowsError(shown[:MAX_PROBLEMS], total, is_complete=is_complete)
        return records

    def check_last(self, rows: Sequence[Any], rules: ColumnRules) -> None:
        """Check the last of the rows so far, before the next ones are read.

        Raises InvalidRowsError: 20 of them are not rows of the model.
        """
        last = rows[-CHECKED_ROWS:]
        if _has_rows(last) and len(self._read_rows(last, rules)[1]) >= MAX_PROBLEMS:
            _, problems = self._read_rows(rows, rules)
            raise InvalidRowsError(problems[:MAX_PROBLEMS], len(problems), is_complete=False)

    def _read_rows(
        self, rows: Sequence[Any], rules: ColumnRules
    ) -> tuple[list[Record], list[FieldProblem]]:
        """Return records, and the problems of rows, where reading stops after 20."""
        records: list[Record] = []
        problems: list[FieldProblem] = []
        allowed, required = self._columns.find_allowed(rules), self._columns.find_required(rules)
        for position, row in enumerate(rows):
            if isinstance(row, Mapping):
                names = row.keys()
                if not (required <= names and (allowed is None or names <= allowed)):
                    problems += self._column_problems(position, row, rules, len(problems))
                records.append(row)
            elif isinstance(row, list):
                values = self.flatten(row)
                problems += self._length_problems(position, values)
                records.append(dict(zip(self._names, values, strict=False)))
            else:
                detail = "a row is an object or an array"
                problems.append(_problem((position,), "not_a_row", detail))
            if len(problems) >= MAX_PROBLEMS:
                break
        return records, problems

    def find_absent(self, records: Sequence[Record]) -> NDArray[np.bool_]:
        """Return whether a record leaves a feature out, shape `(rows, features)`."""
        absent = np.zeros((len(records), len(self._names)), np.bool_)
        for is_absent, record in zip(absent, records, strict=True):
            is_absent[:] = [name not in record for name in self._names]
        return absent

    def _column_problems(
        self, position: int, row: Record, rules: ColumnRules, problems: int
    ) -> Iterator[FieldProblem]:
        """Yield a problem for all columns that a row lacks, and one per unknown column, up to 20.

        Args:
            position: index of the row.
            row: the row.
            rules: rules for the columns.
            problems: number of problems of the rows before.
        """
        required = self._columns.find_required(rules)
        lacking = [name for name in self._names if name in required and name not in row]
        if lacking:
            yield _problem((position,), "missing_column", explain_lacking(lacking))
        allowed = self._columns.find_allowed(rules)
        unknown = (name for name in row if allowed is not None and name not in allowed)
        for index, name in enumerate(islice(unknown, MAX_PROBLEMS), problems):
            is_compared = index < MAX_SUGGESTIONS
            detail = self._columns.explain_unknown(name, is_compared=is_compared)
            yield _problem((position, name), "unknown_column", detail)

    def _absent_problems(
        self, absent: Sequence[str], rows: Sequence[Any]
    ) -> Iterator[FieldProblem]:
        """Yield a problem per required column that every row lacks, up to 20."""
        if absent:
            first = (row for row in rows[:_COMPARED_ROWS] if isinstance(row, Mapping))
            names = dict.fromkeys(name for row in first for name in row)
            for index, name in enumerate(absent[:MAX_PROBLEMS]):
                is_compared = index < MAX_SUGGESTIONS
                detail = self._columns.explain_absent(name, names, is_compared=is_compared)
                yield _problem((), "missing_column", detail)

    def flatten(self, row: list[Any]) -> list[Any]:
        """Return the values of an array in row-major order, if it is nested in a known shape."""
        if row and isinstance(row[0], list):
            for shape in self.shapes:
                values = _flatten(row, shape)
                if values is not None:
                    return values
        return row

    def _length_problems(self, position: int, values: list[Any]) -> list[FieldProblem]:
        count = len(self._names)
        if values and isinstance(values[0], list):
            detail = f"one array of {count_noun(count, 'value')} is expected"
            if self.shapes:
                size = " × ".join(map(str, self.shapes[0]))
                detail = f"{detail}, row by row, or arrays nested as {size}"
            return [_problem((position,), "wrong_shape", detail)]
        if len(values) != count:
            found, expected = count_noun(len(values), "value"), count_noun(count, "feature")
            detail = f"the row has {found}, but the model has {expected}"
            return [_problem((position,), "wrong_length", detail)]
        return []


def _has_rows(rows: Sequence[Any]) -> bool:
    return any(isinstance(row, Mapping | list) for row in rows)


def _flatten(row: list[Any], shape: Shape) -> list[Any] | None:
    """Return the values of an array nested in this shape; None if it is not."""
    parts: list[Any] = [row]
    for side in shape:
        if {*map(type, parts)} != {list} or {*map(len, parts)} != {side}:
            return None
        parts = [*chain.from_iterable(parts)]
    return parts


def _problem(path: Sequence[str | int], code: str, detail: str) -> FieldProblem:
    return FieldProblem(pointer=json_pointer("rows", *path), code=code, detail=detail)
