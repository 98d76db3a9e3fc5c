"""Columns of a JSON body as the columns of a model."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from engine.json_pointer import json_pointer
from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.predictions import MAX_ROWS
from service.serializers.model_columns import ColumnRules, count_noun
from service.serializers.rows import ReadRows, RowReader
from service.serializers.table_columns import check_columns


def read_json_columns(
    columns: Mapping[str, Any], reader: RowReader, rules: ColumnRules
) -> ReadRows:
    """Return the rows of columns of JSON values.

    Raises:
        InvalidRowsError: the columns are not lists of one length, or not those of the model.
    """
    check_columns(reader.columns, columns, rules, _describe)
    rows = _count_rows(columns)
    return reader.read_columns(columns, rows, rules)


def _count_rows(columns: Mapping[str, Any]) -> int:
    """Return the number of values of every column. Raises InvalidRowsError."""
    lengths = {
        name: len(values) if isinstance(values, list) else None for name, values in columns.items()
    }
    expected = next(iter(lengths.values()))
    if expected and expected <= MAX_ROWS and len({*lengths.values()}) == 1:
        return expected
    raise InvalidRowsError([*islice(_explain_lengths(lengths), MAX_PROBLEMS)])


def _explain_lengths(lengths: Mapping[str, int | None]) -> Iterator[FieldProblem]:
    """Yield a problem per column that is not a list of as many values as the first list."""
    wrong = [name for name, length in lengths.items() if length is None]
    if wrong:
        detail = 'a column is a list of values, also for a single row: {"age": [39]}'
        yield from (_describe("not_a_list", detail, name) for name in wrong)
        return
    first, expected = next(iter(lengths.items()))
    if len({*lengths.values()}) == 1:
        found = count_noun(expected or 0, "value")
        detail = f"the columns have {found}: 1 to {MAX_ROWS} are expected"
        yield _describe("too_long" if expected else "too_short", detail, None)
        return
    for name, length in lengths.items():
        if length != expected:
            found = count_noun(length or 0, "value")
            detail = f"{name[:80]!r} has {found}, but {first[:80]!r} has {expected}"
            yield _describe("wrong_length", detail, name)


def _describe(code: str, detail: str, name: str | None) -> FieldProblem:
    tokens = ("columns",) if name is None else ("columns", name)
    return FieldProblem(pointer=json_pointer(*tokens), code=code, detail=detail)
