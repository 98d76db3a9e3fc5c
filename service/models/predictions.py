"""Predictions: network outputs to labels or values, with flags per row."""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.predictor import Places, Predictions
from engine.preprocessing.fitted import (
    ClassTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    target_names,
)
from service.context import Context
from service.http.errors import InvalidRowsError
from service.models.reconstructions import list_reconstructions, require_few_values
from service.runtime.model_cache import ServedModel
from service.schemas.common import FieldProblem
from service.schemas.jobs import Label
from service.schemas.models import (
    ClassPrediction,
    Flag,
    FlagView,
    LabelsPrediction,
    PredictRequest,
    PredictView,
    ValuePrediction,
    ValuesPrediction,
)
from service.serializers.rows import ReadRows

# Within these bounds a prediction takes about as long as passing it to a thread, or at most a few
# milliseconds: bytes bound the text of the cells, and the model's size bounds the time per row.
ROWS_IN_PLACE = 16
BODY_BYTES_IN_PLACE = 32 * 2**10
MODEL_BYTES_IN_PLACE = 32 * 2**20


def predict_in_place(
    context: Context, model_id: str, request: PredictRequest, body_bytes: int
) -> bytes | None:
    """Predict in the event loop if that is fast and cannot block; otherwise return None.

    Raises InvalidRowsError.
    """
    if len(request.rows) > ROWS_IN_PLACE or body_bytes > BODY_BYTES_IN_PLACE:
        return None
    model = context.served.find(model_id)
    if model is None or model.nbytes > MODEL_BYTES_IN_PLACE:
        return None
    with model.lock.exclusive_if_free() as is_free:
        return _predict(model, request) if is_free else None


def predict(context: Context, model_id: str, request: PredictRequest) -> bytes:
    """Return the predictions as the JSON of a `PredictView`.

    Raises NotFoundError, InvalidRowsError.
    """
    model = context.served.get(model_id)
    with model.lock.shared():
        return _predict(model, request)


def _predict(model: ServedModel, request: PredictRequest) -> bytes:
    rows = model.reader.read(request.rows)
    try:
        return _answer(model, rows).model_dump_json().encode()
    except DataError as error:
        problem = FieldProblem(pointer="/rows", code=error.code, detail=str(error))
        raise InvalidRowsError([problem]) from error


def _answer(model: ServedModel, rows: ReadRows) -> PredictView:
    """Return the predictions of the rows. Raises DataError, InvalidRowsError."""
    target, preprocessing = model.preprocessing.target, model.preprocessing
    if isinstance(target, InputsTarget):
        require_few_values(preprocessing.count_rows(rows.columns), len(preprocessing.columns))
        found = model.predictor.reconstruct(rows.columns)
        flags = _flags(rows, found.replaced, model)
        data = list_reconstructions(preprocessing, found, flags)
        return PredictView(model_id=model.id, classes=None, data=data)
    answers = model.predictor.answer(rows.columns)
    return _view(model, target, answers, _flags(rows, answers.replaced, model))


def _view(
    model: ServedModel,
    target: ClassTarget | NumericTarget | NumericTargets | LabelTargets,
    answers: Predictions,
    flags: list[list[FlagView]],
) -> PredictView:
    match target:
        case ClassTarget():
            classes = _class_predictions(
                answers,
                target,
                flags,
                are_probabilities=model.predictor.gives_probabilities,
            )
            return PredictView(model_id=model.id, classes=list(target.classes), data=classes)
        case NumericTarget():
            values = _value_predictions(answers, flags)
            return PredictView(model_id=model.id, classes=None, data=values)
        case NumericTargets():
            several = _values_predictions(answers, target, flags)
            return PredictView(model_id=model.id, classes=None, data=several)
        case LabelTargets():
            labels = _labels_predictions(answers, target, flags)
            return PredictView(model_id=model.id, classes=_classes_view(target), data=labels)
        case _:
            assert_never(target)


def _class_predictions(
    answers: Predictions,
    target: ClassTarget,
    flags: list[list[FlagView]],
    *,
    are_probabilities: bool,
) -> list[ClassPrediction]:
    best = answers.values.argmax(axis=1).tolist()
    return [
        ClassPrediction(
            label=target.classes[winner],
            probability=outputs[winner] if are_probabilities else None,
            probabilities=outputs if are_probabilities else None,
            scores=None if are_probabilities else outputs,
            flags=row_flags,
        )
        for winner, outputs, row_flags in zip(best, answers.values.tolist(), flags, strict=True)
    ]


def _value_predictions(answers: Predictions, flags: list[list[FlagView]]) -> list[ValuePrediction]:
    deviations: list[float | None] = [None] * len(flags)
    if answers.deviations is not None:
        deviations = answers.deviations.tolist()
    return [
        ValuePrediction(value=value, std=std, flags=row_flags)
        for value, std, row_flags in zip(answers.values.tolist(), deviations, flags, strict=True)
    ]


def _values_predictions(
    answers: Predictions, target: NumericTargets, flags: list[list[FlagView]]
) -> list[ValuesPrediction]:
    names = target_names(target)
    deviations: list[list[float] | None] = [None] * len(flags)
    if answers.deviations is not None:
        deviations = answers.deviations.tolist()
    return [
        ValuesPrediction(
            values=dict(zip(names, values, strict=True)),
            std=None if std is None else dict(zip(names, std, strict=True)),
            flags=row_flags,
        )
        for values, std, row_flags in zip(answers.values.tolist(), deviations, flags, strict=True)
    ]


def _labels_predictions(
    answers: Predictions, target: LabelTargets, flags: list[list[FlagView]]
) -> list[LabelsPrediction]:
    names = target_names(target)
    return [
        LabelsPrediction(
            labels={
                label.name: label.classes[int(probability > 0.5)]
                for label, probability in zip(target.labels, probabilities, strict=True)
            },
            probabilities=dict(zip(names, probabilities, strict=True)),
            flags=row_flags,
        )
        for probabilities, row_flags in zip(answers.values.tolist(), flags, strict=True)
    ]


def _classes_view(target: LabelTargets) -> dict[str, list[Label]]:
    return {label.name: list(label.classes) for label in target.labels}


def _flags(rows: ReadRows, replaced: Places, model: ServedModel) -> list[list[FlagView]]:
    """Return the flags of each row: values that were replaced or are outside the training data."""
    preprocessing = model.preprocessing
    found = preprocessing.flags(rows.columns, model.predictor.dtype)
    flags: list[list[FlagView]] = [[] for _ in found.imputed]
    unusable = [place for place in replaced if not found.out_of_range[place]]
    for row, column in (*rows.not_understood, *unusable):
        found.imputed[row, column] = False
        name = preprocessing.columns[column].name
        flags[row].append(FlagView(column=name, flag="not_understood"))
    kinds: tuple[tuple[NDArray[np.bool_], Flag], ...] = (
        (found.imputed, "imputed"),
        (found.unknown, "unknown_category"),
        (found.out_of_range, "out_of_range"),
        (found.untrained, "untrained"),
    )
    for mask, flag in kinds:
        if not mask.any():
            continue
        for row, column in np.argwhere(mask).tolist():
            name = preprocessing.columns[column].name
            flags[row].append(FlagView(column=name, flag=flag))
    return flags
