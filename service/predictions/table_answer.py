"""Predictions as CSV, Arrow or Parquet.

pyarrow is imported by the thread that writes the first table, see `store.intake`.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from service.http.csv import Cell, as_csv, as_csv_lines
from service.http.errors import InvalidQueryError
from service.predictions.answer_columns import FLAGS, AnswerColumn, list_columns
from service.predictions.answers import Answers
from service.predictions.pieces import split
from service.schemas.common import FieldProblem
from service.schemas.predict_options import PredictOptions


def check_csv_options(options: PredictOptions) -> None:
    """Raise InvalidQueryError for options whose results CSV cannot hold."""
    if options.stats:
        detail = "CSV has no place for stats: accept application/json, Arrow or Parquet"
        problem = FieldProblem(location="query", pointer="/stats", code="no_stats", detail=detail)
        raise InvalidQueryError([problem])


def write_csv(answers: Answers) -> bytes:
    """Return the predictions as CSV with a header; numbers are the shortest that are exact.

    Raises InvalidQueryError: too many columns.
    """
    return b"".join(iterate_csv(answers))


def iterate_csv(answers: Answers) -> Iterator[bytes]:
    """Yield the pieces of the CSV that `write_csv` returns. Raises InvalidQueryError at once."""
    header = as_csv([*(column.name for column in list_columns(answers)), FLAGS], [])
    return chain([header.encode()], map(_write_rows, split(answers)))


def _write_rows(answers: Answers) -> bytes:
    columns = list_columns(answers)
    flags: list[list[str]] = [[] for _ in range(answers.rows)]
    for flagged in answers.flags:
        flags[flagged.row].append(f"{flagged.column}:{flagged.flag}")
    cells = [_list_cells(column) for column in columns]
    rows = zip(*cells, map(";".join, flags), strict=True)
    return as_csv_lines(rows).encode()


def _list_cells(column: AnswerColumn) -> Sequence[Cell]:
    if not isinstance(column.cells, np.ndarray):
        return column.cells
    cells: list[Cell] = column.cells.tolist()
    if np.isnan(column.cells).any():
        return [None if cell != cell else cell for cell in cells]  # noqa: PLR0124 - NaN
    return cells


def write_arrow(answers: Answers) -> bytes:
    """Return the predictions as an Arrow IPC stream. Raises InvalidQueryError: too many columns."""
    from service.predictions.arrow_table import make_table, to_stream

    return to_stream(make_table(answers))


def write_parquet(answers: Answers) -> bytes:
    """Return the predictions as a Parquet file. Raises InvalidQueryError: too many columns."""
    from service.predictions.arrow_table import make_table, to_parquet

    return to_parquet(make_table(answers))
