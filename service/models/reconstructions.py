"""Rows of a reconstruction: errors, anomaly scores and reconstructed values by column."""

import math
from collections.abc import Sequence

from engine.predictor import Reconstructions
from engine.preprocessing.preprocessing import Preprocessing
from service.http.errors import InvalidRowsError
from service.schemas.common import FieldProblem
from service.schemas.models import FlagView, ReconstructionPrediction

# Rows times columns: each value of the answer takes about 200 bytes of memory.
MAX_VALUES = 2**19


def list_reconstructions(
    preprocessing: Preprocessing, found: Reconstructions, flags: Sequence[list[FlagView]]
) -> list[ReconstructionPrediction]:
    """Return the reconstruction of each row."""
    names = [column.name for column in preprocessing.columns]
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
