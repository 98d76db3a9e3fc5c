"""Predictions as the JSON of a `PredictView`."""

from typing import Any, assert_never

import orjson

from engine.predictor import Predictions, Reconstructions
from engine.preprocessing.fitted import (
    ClassTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    classes_of,
    target_names,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.predictions.answers import Answers

Row = dict[str, Any]


def write_json(answers: Answers) -> bytes:
    """Return the predictions as JSON, without an object of the schema per row."""
    preprocessing = answers.model.preprocessing
    rows = _write_rows(answers)
    flags: list[list[Row]] = [[] for _ in rows]
    for flagged in answers.flags:
        flags[flagged.row].append({"column": flagged.column, "flag": flagged.flag})
    for row, row_flags in zip(rows, flags, strict=True):
        row["flags"] = row_flags
    classes = classes_of(preprocessing.target)
    return orjson.dumps({"model_id": answers.model.id, "classes": classes, "data": rows})


def _write_rows(answers: Answers) -> list[Row]:
    found, preprocessing = answers.found, answers.model.preprocessing
    if isinstance(found, Reconstructions):
        return _write_reconstructions(found, preprocessing)
    match preprocessing.target:
        case ClassTarget() as target:
            are_probabilities = answers.model.predictor.gives_probabilities
            return _write_classes(found, target, are_probabilities=are_probabilities)
        case NumericTarget():
            pairs = zip(found.values.tolist(), _deviations(found), strict=True)
            return [{"value": value, "std": std} for value, std in pairs]
        case NumericTargets() as target:
            return _write_numbers(found, target_names(target))
        case LabelTargets() as target:
            return _write_labels(found, target)
        case InputsTarget():
            raise TypeError("an autoencoder's answers are reconstructions")
        case unknown:
            assert_never(unknown)


def _write_classes(
    found: Predictions, target: ClassTarget, *, are_probabilities: bool
) -> list[Row]:
    best = found.values.argmax(axis=1).tolist()
    outputs = zip(best, found.values.tolist(), strict=True)
    classes = target.classes
    if are_probabilities:
        return [
            {
                "label": classes[winner],
                "probability": row[winner],
                "probabilities": row,
                "scores": None,
            }
            for winner, row in outputs
        ]
    return [
        {"label": classes[winner], "probability": None, "probabilities": None, "scores": row}
        for winner, row in outputs
    ]


def _write_numbers(found: Predictions, names: tuple[str, ...]) -> list[Row]:
    return [
        {
            "values": dict(zip(names, values, strict=True)),
            "std": None if std is None else dict(zip(names, std, strict=True)),
        }
        for values, std in zip(found.values.tolist(), _deviations(found), strict=True)
    ]


def _write_labels(found: Predictions, target: LabelTargets) -> list[Row]:
    names = target_names(target)
    pairs = [label.classes for label in target.labels]
    return [
        {
            "labels": {
                name: classes[probability > 0.5]
                for name, classes, probability in zip(names, pairs, row, strict=True)
            },
            "probabilities": dict(zip(names, row, strict=True)),
        }
        for row in found.values.tolist()
    ]


def _write_reconstructions(found: Reconstructions, preprocessing: Preprocessing) -> list[Row]:
    names = [column.name for column in preprocessing.columns]
    rows = len(found.errors)
    scores = [None] * rows if found.scores is None else found.scores.tolist()
    # orjson writes NaN, the error of a column without inputs, as null.
    columns, values = found.column_errors.tolist(), zip(*found.values, strict=True)
    return [
        {
            "error": error,
            "anomaly_score": score,
            "columns": dict(zip(names, by_column, strict=True)),
            "values": dict(zip(names, row_values, strict=True)),
        }
        for error, score, by_column, row_values in zip(
            found.errors.tolist(), scores, columns, values, strict=True
        )
    ]


def _deviations(found: Predictions) -> list[Any]:
    """Return the standard deviation of each row; None where the network estimates none."""
    return [None] * len(found.values) if found.deviations is None else found.deviations.tolist()
