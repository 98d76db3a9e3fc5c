"""JSON rows as records: objects, arrays, and arrays nested in the shape of the model's inputs."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.arrays import Shape
from engine.json_pointer import json_pointer
from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem

MAX_PROBLEMS = 20
Record = Mapping[str, object]


class RecordReader:
    """Reads rows as records; it does not read their values.

    Attributes:
        shapes: the shapes in which arrays may be nested.

    Args:
        names: features of the model, in the order of the values of an array.
        ignored: columns that records may contain besides.
        shape: shape to which the model reshapes each row, in which arrays may be nested.
    """

    def __init__(self, names: Sequence[str], ignored: frozenset[str], shape: Shape | None) -> None:
        self._names = names
        self._allowed = {*names, *ignored}
        self.shapes = [] if shape is None else [shape]
        if shape is not None and len(shape) > 1 and shape[-1] == 1:
            # An image of one channel is usually an array of height and width.
            self.shapes.append(shape[:-1])

    def read(self, rows: Sequence[Any]) -> list[Record]:
        """Return rows as records. Raises InvalidRowsError, naming up to 20 rows or columns."""
        if not any(isinstance(row, Mapping | list) for row in rows):
            detail = (
                "rows is a list of objects or arrays: [{…}, {…}] or [[…], […]]; a single row is "
                "a list of one, too"
            )
            raise InvalidRowsError([_problem((), "not_a_row", detail)])
        records: list[Record] = []
        problems: list[FieldProblem] = []
        for position, row in enumerate(rows):
            if isinstance(row, Mapping):
                problems += [
                    _problem((position, name), "unknown_column", "not a feature of the model")
                    for name in row
                    if name not in self._allowed
                ]
                records.append(row)
            elif isinstance(row, list):
                values = self._flatten(row)
                problems += self._length_problems(position, values)
                records.append(dict(zip(self._names, values, strict=False)))
            else:
                detail = "a row is an object or an array"
                problems.append(_problem((position,), "not_a_row", detail))
            if len(problems) >= MAX_PROBLEMS:
                break
        if problems:
            raise InvalidRowsError(problems[:MAX_PROBLEMS])
        return records

    def _flatten(self, row: list[Any]) -> list[Any]:
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
            detail = f"{count} values in one array are expected"
            if self.shapes:
                size = " × ".join(map(str, self.shapes[0]))
                detail = f"{detail}, row by row, or arrays nested as {size}"
            return [_problem((position,), "wrong_shape", detail)]
        if len(values) != count:
            detail = f"the row has {len(values)} values, but the model has {count} features"
            return [_problem((position,), "wrong_length", detail)]
        return []


def _flatten(row: list[Any], shape: Shape) -> list[Any] | None:
    """Return the values of an array nested in this shape; None if it is not."""
    parts: list[Any] = [row]
    for side in shape:
        if not all(isinstance(part, list) and len(part) == side for part in parts):
            return None
        parts = [value for part in parts for value in part]
    return parts


def _problem(path: Sequence[str | int], code: str, detail: str) -> FieldProblem:
    return FieldProblem(pointer=json_pointer("rows", *path), code=code, detail=detail)
