"""Predictions for rows with their flags, independent of the format of the answer."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.errors import DataError
from engine.predictor import Predictions, Reconstructions
from engine.preprocessing.fitted import InputsTarget, classes_of
from service.http.errors import InvalidRowsError
from service.predictions.flags import FlagCounts, FlaggedValue, RowFlags
from service.predictions.options import check_options, find_abstained, list_layers
from service.runtime.model_cache import ServedModel
from service.schemas.common import FieldProblem
from service.schemas.predict_options import NO_OPTIONS, PredictOptions
from service.serializers.rows import ReadRows
from service.serializers.value_limits import MAX_VALUES, require_few_values


@dataclass(frozen=True)
class Answers:
    """Predictions for rows.

    Attributes:
        model: the model.
        rows: number of rows.
        found: predictions, or reconstructions if the inputs are the target.
        flags: the flagged values, those of one row in the order of the answer; empty with `counts`.
        counts: numbers of flagged values, if requested in place of the flags.
        abstained: whether a label is withheld: `(rows,)` for classes, `(rows, labels)` for labels;
            None without a required probability.
    """

    model: ServedModel
    rows: int
    found: Predictions | Reconstructions
    flags: Sequence[FlaggedValue]
    counts: FlagCounts | None = None
    abstained: NDArray[np.bool_] | None = None

    @property
    def activations(self) -> Mapping[str, Floats]:
        """Outputs of the requested layers by name, each `(rows, *shape)`."""
        return self.found.activations


def answer(model: ServedModel, rows: ReadRows, options: PredictOptions = NO_OPTIONS) -> Answers:
    """Predict the rows. Raises InvalidRowsError, InvalidQueryError."""
    if options is not NO_OPTIONS:
        check_options(model, options)
    try:
        found = _predict(model, rows, list_layers(model, options))
        flags = RowFlags(model, rows, found.replaced)
    except DataError as error:
        problem = FieldProblem(pointer="/rows", code=error.code, detail=str(error))
        raise InvalidRowsError([problem]) from error
    abstained = None
    if options.min_probability is not None and isinstance(found, Predictions):
        abstained = find_abstained(model, found, options.min_probability)
    return Answers(
        model=model,
        rows=model.preprocessing.count_rows(rows.columns),
        found=found,
        flags=() if options.stats else flags.list_values(),
        counts=flags.count() if options.stats else None,
        abstained=abstained,
    )


def _predict(
    model: ServedModel, rows: ReadRows, layers: Sequence[str]
) -> Predictions | Reconstructions:
    """Return the predictions. Raises DataError, InvalidRowsError."""
    preprocessing = model.preprocessing
    count = preprocessing.count_rows(rows.columns)
    if layers:
        units = sum(math.prod(model.predictor.layer_shapes[name]) for name in layers)
        require_few_values(count, units, "activations", MAX_VALUES)
    if isinstance(preprocessing.target, InputsTarget):
        require_few_values(count, len(preprocessing.columns), "columns", MAX_VALUES)
        return model.predictor.reconstruct(rows.columns, layers)
    return model.predictor.answer(rows.columns, layers)


def describe(answers: Answers) -> dict[str, Any]:
    """Return what an answer has besides its rows, as JSON values."""
    classes = classes_of(answers.model.preprocessing.target)
    described: dict[str, Any] = {"model_id": answers.model.id, "classes": classes}
    if answers.counts is not None:
        described["stats"] = {
            "rows": answers.rows,
            "flagged_rows": answers.counts.flagged_rows,
            "columns": answers.counts.columns,
        }
    if answers.activations:
        shapes = answers.model.predictor.layer_shapes
        described["layers"] = {name: {"shape": shapes[name]} for name in answers.activations}
    return described
