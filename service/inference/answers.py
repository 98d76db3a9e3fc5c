"""The predictions of rows, with the number of unusual values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from engine.errors import DataError
from engine.predictor import Places, Predictions, Reconstructions
from engine.preprocessing.fitted import InputsTarget
from service.http.errors import InvalidInferenceError
from service.runtime.model_cache import ServedModel
from service.schemas.models import Flag
from service.serializers.rows import ReadRows

# Rows times columns of a reconstruction: each value takes up to 200 bytes of memory.
MAX_RECONSTRUCTED = 2**19

Found: TypeAlias = Predictions | Reconstructions


@dataclass(frozen=True)
class Answers:
    """The predictions of a model, and the number of values of the rows with each flag."""

    found: Found
    flags: Mapping[Flag, int]


def answer(model: ServedModel, rows: ReadRows) -> Answers:
    """Return the predictions of the rows. Raises InvalidInferenceError."""
    try:
        found = _predict(model, rows)
        return Answers(found, _count_flags(model, rows, found.replaced))
    except DataError as error:
        raise InvalidInferenceError(str(error)) from error


def _predict(model: ServedModel, rows: ReadRows) -> Found:
    if not isinstance(model.preprocessing.target, InputsTarget):
        return model.predictor.answer(rows.columns)
    columns = len(model.preprocessing.columns)
    count = model.preprocessing.count_rows(rows.columns)
    if count * columns > MAX_RECONSTRUCTED:
        detail = f"at most {MAX_RECONSTRUCTED // columns} rows of {columns} columns are accepted"
        raise InvalidInferenceError(f"{detail}, not {count}")
    return model.predictor.reconstruct(rows.columns)


def _count_flags(model: ServedModel, rows: ReadRows, replaced: Places) -> dict[Flag, int]:
    """Return the number of values with each flag; flags without any are left out."""
    found = model.preprocessing.flags(rows.columns, model.predictor.dtype)
    unusable = [place for place in replaced if not found.out_of_range[place]]
    not_understood = {*rows.not_understood, *unusable}
    for place in not_understood:
        found.imputed[place] = False
    counts: dict[Flag, int] = {
        "imputed": int(np.count_nonzero(found.imputed)),
        "not_understood": len(not_understood),
        "unknown_category": int(np.count_nonzero(found.unknown)),
        "out_of_range": int(np.count_nonzero(found.out_of_range)),
        "untrained": int(np.count_nonzero(found.untrained)),
    }
    return {flag: count for flag, count in counts.items() if count}
