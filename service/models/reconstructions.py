"""Rows of a reconstruction: errors, anomaly scores and reconstructed values by column."""

import math
from collections.abc import Mapping, Sequence

from engine.data.table import Column
from service.http.errors import InvalidRowsError
from service.runtime.model_cache import ServedModel
from service.schemas.common import FieldProblem
from service.schemas.models import FlagView, ReconstructionPrediction

# Rows times columns: each value of the answer takes about 200 bytes of memory.
MAX_VALUES = 2**19


def reconstruct(
    model: ServedModel, columns: Mapping[str, Column], flags: Sequence[list[FlagView]]
) -> list[ReconstructionPrediction]:
    """Return the reconstruction of each row. Raises DataError, InvalidRowsError."""
    names = [column.name for column in model.preprocessing.columns]
    _require_few_values(len(flags), len(names))
    found = model.predictor.reconstruct(columns)
    scores = [None] * len(flags) if found.scores is None else found.scores.tolist()
    errors, values = found.column_errors.tolist(), zip(*found.values, strict=True)
    return [
        ReconstructionPrediction(
            error=error,
            anomaly_score=score,
            # A column without inputs has the error NaN.
            columns={
                name: None if math.isnan(column) else column
                for name, column in zip(names, by_column, strict=True)
            },
            values=dict(zip(names, row_values, strict=True)),
            flags=row_flags,
        )
        for error, score, by_column, row_values, row_flags in zip(
            found.errors.tolist(), scores, errors, values, flags, strict=True
        )
    ]


def _require_few_values(rows: int, columns: int) -> None:
    """Limit the size of the answer, which names every column in every row."""
    if rows * columns > MAX_VALUES:
        detail = (
            f"{rows} rows of {columns} columns are more than {MAX_VALUES} values; send at most "
            f"{MAX_VALUES // columns} rows per request"
        )
        problem = FieldProblem(pointer="/rows", code="too_many_values", detail=detail)
        raise InvalidRowsError([problem])
