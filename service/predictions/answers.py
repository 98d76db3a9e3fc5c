"""Predictions for rows with their flags, independent of the format of the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.predictor import Places, Predictions, Reconstructions
from engine.preprocessing.fitted import InputsTarget
from service.http.errors import InvalidRowsError
from service.predictions.reconstructions import require_few_values
from service.runtime.model_cache import ServedModel
from service.schemas.common import FieldProblem
from service.schemas.predictions import Flag
from service.serializers.rows import ReadRows


@dataclass(frozen=True)
class FlaggedValue:
    """A value that was replaced, or that is outside the training data."""

    row: int
    column: str
    flag: Flag


@dataclass(frozen=True)
class Answers:
    """Predictions for rows.

    Attributes:
        model: the model.
        rows: number of rows.
        found: predictions, or reconstructions if the inputs are the target.
        flags: the flagged values; those of one row are in the order of the answer.
    """

    model: ServedModel
    rows: int
    found: Predictions | Reconstructions
    flags: Sequence[FlaggedValue]


def answer(model: ServedModel, rows: ReadRows) -> Answers:
    """Predict the rows. Raises InvalidRowsError."""
    preprocessing = model.preprocessing
    count = preprocessing.count_rows(rows.columns)
    found: Predictions | Reconstructions
    try:
        if isinstance(preprocessing.target, InputsTarget):
            require_few_values(count, len(preprocessing.columns))
            found = model.predictor.reconstruct(rows.columns)
        else:
            found = model.predictor.answer(rows.columns)
        flags = _find_flags(model, rows, found.replaced)
    except DataError as error:
        problem = FieldProblem(pointer="/rows", code=error.code, detail=str(error))
        raise InvalidRowsError([problem]) from error
    return Answers(model, count, found, flags)


def _find_flags(model: ServedModel, rows: ReadRows, replaced: Places) -> list[FlaggedValue]:
    """Return values that were replaced or are outside the training data. Raises DataError."""
    preprocessing = model.preprocessing
    columns = preprocessing.columns
    found = preprocessing.flags(rows.columns, model.predictor.dtype)
    unusable = [place for place in replaced if not found.out_of_range[place]]
    not_understood = [*rows.not_understood, *unusable]
    for place in not_understood:
        found.imputed[place] = False
    flags = [FlaggedValue(row, columns[i].name, "not_understood") for row, i in not_understood]
    kinds: tuple[tuple[NDArray[np.bool_], Flag], ...] = (
        (found.imputed, "imputed"),
        (found.unknown, "unknown_category"),
        (found.out_of_range, "out_of_range"),
        (found.untrained, "untrained"),
    )
    for mask, flag in kinds:
        if mask.any():
            places = np.argwhere(mask).tolist()
            flags += [FlaggedValue(row, columns[i].name, flag) for row, i in places]
    return flags
