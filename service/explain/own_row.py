"""A row of the client's own: its features and targets, with errors at their place."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from engine.data.similar_words import find_similar
from engine.data.split_arrays import Batch
from engine.data.table import Column, Level
from engine.errors import DataError
from engine.json_pointer import json_pointer
from engine.preparation.encode_rows import encode_rows
from engine.preparation.given_targets import read_given_targets
from service.http.errors import MAX_PROBLEMS, InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.explain import OwnRow
from service.serializers.model_columns import MAX_SUGGESTIONS, ColumnRules
from service.serializers.rows import RowReader
from store.replay.without_data import PositionedStep

# Columns are checked here: the errors of predictions name query parameters of theirs.
_UNCHECKED = ColumnRules(missing="impute", extra="ignore")


def read_own_row(step: PositionedStep, own: OwnRow) -> dict[str, Column]:
    """Return features and targets of the client's own row. Raises InvalidRowsError."""
    spec, preprocessing = step.spec, step.preprocessing
    reader = RowReader(preprocessing, frozenset(spec.needed_columns), spec.input_shape)
    if isinstance(own.values, dict):
        _check_columns(own.values, reader.columns.known, step)
    try:
        values = own.values if isinstance(own.values, dict) else [*own.values]
        read = reader.read([values], _UNCHECKED)
    except InvalidRowsError as error:
        raise InvalidRowsError([_at_values(one) for one in error.errors]) from error
    names = [reader.columns.features[column] for _, column in read.not_understood]
    problems = [_not_understood(name) for name in names]
    try:
        targets = [_targets_of(step, own)]
        given = read_given_targets(preprocessing.target, preprocessing.words, targets)
    except DataError as error:
        problems.append(_problem_of(step, own, error))
    if problems:
        raise InvalidRowsError(problems[:MAX_PROBLEMS], len(problems))
    return {**{name: read.columns[name] for name in read.columns}, **given}


def encode_own_row(step: PositionedStep, own: OwnRow) -> Batch:
    """Return the client's row as network input and target. Raises InvalidRowsError."""
    columns = read_own_row(step, own)
    try:
        return encode_rows(step.spec, step.preprocessing, columns)
    except DataError as error:
        raise InvalidRowsError([_problem_of(step, own, error)]) from error


def _problem_of(step: PositionedStep, own: OwnRow, error: DataError) -> FieldProblem:
    """Return the problem of the row at the column that the error names."""
    column = error.column
    if column is None:
        place: tuple[str, ...] = ()
    elif column not in step.spec.targets:
        place = ("values", column)
    else:
        place = ("target", column) if isinstance(own.target, dict) else ("target",)
    return FieldProblem(pointer=json_pointer("rows", *place), code=error.code, detail=str(error))


def _check_columns(values: Mapping[str, Any], known: Collection[str], step: PositionedStep) -> None:
    """Require the columns that had no missing values in the training rows.

    Args:
        values: values by column.
        known: the columns that a row may have.
        step: the step, reached.

    Raises:
        InvalidRowsError: a column is left out, or is not a column of the dataset.
    """
    names = [column.name for column in step.preprocessing.columns]
    incomplete = step.preprocessing.incomplete
    required = [] if incomplete is None else [name for name in names if name not in incomplete]
    lacking = [name for name in required if name not in values]
    unknown = [name for name in values if name not in known]
    problems = [*_problems_of(lacking, unknown, "missing_column", _LACKING)]
    problems += _problems_of(unknown, names, "unknown_column", _UNKNOWN)
    if problems:
        raise InvalidRowsError(problems[:MAX_PROBLEMS], len(lacking) + len(unknown))


_LACKING = (
    "the row has no value of this column, which had no missing values in the training rows: "
    "give one, or null to have it imputed"
)
_UNKNOWN = "this is not a feature of the network: leave it out"


def _problems_of(
    names: Collection[str], others: Collection[str], code: str, detail: str
) -> Iterator[FieldProblem]:
    """Yield a problem per column, up to 20, with the name that may be meant."""
    for index, name in enumerate(islice(names, MAX_PROBLEMS)):
        nearest = find_similar(name, others) if index < MAX_SUGGESTIONS else []
        question = f"; did you mean {nearest[0][:80]!r}?" if nearest else ""
        pointer = json_pointer("rows", "values", name)
        yield FieldProblem(pointer=pointer, code=code, detail=f"{detail}{question}")


def _targets_of(step: PositionedStep, own: OwnRow) -> dict[str, Level | None]:
    if isinstance(own.target, dict):
        return {**own.target}
    return dict.fromkeys(step.spec.targets, own.target)


def values_of_own_row(step: PositionedStep, own: OwnRow) -> dict[str, Any]:
    """Return the values of the client's row by column."""
    if isinstance(own.values, dict):
        values: Mapping[str, Any] = own.values
    else:
        flat = np.array(own.values, dtype=object).reshape(-1)
        values = dict(zip(step.spec.features, flat.tolist(), strict=False))
    return {**values, **_targets_of(step, own)}


def _at_values(problem: FieldProblem) -> FieldProblem:
    """Return the problem of the only row at its place in the request."""
    # A problem of the columns of all rows is at "/rows".
    pointer = problem.pointer.removeprefix("/rows").removeprefix("/0")
    return problem.model_copy(update={"pointer": f"/rows/values{pointer}"})


def _not_understood(name: str) -> FieldProblem:
    detail = f"the value of {name[:80]!r} cannot be read as the kind that the column has"
    pointer = json_pointer("rows", "values", name)
    return FieldProblem(pointer=pointer, code="not_understood", detail=detail)
