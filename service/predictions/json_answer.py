"""Predictions as the JSON of a `PredictView`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

import numpy as np
import orjson
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.predictor import Predictions, Reconstructions
from engine.preprocessing.fitted import (
    ClassTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    target_names,
)
from engine.preprocessing.preprocessing import Preprocessing
from service.predictions.answers import Answers, describe
from service.predictions.flags import FlaggedValue
from service.predictions.pieces import split

Row = dict[str, Any]


def write_json(answers: Answers) -> bytes:
    """Return the predictions as JSON, without an object of the schema per row."""
    return orjson.dumps({**describe(answers), "data": _list_rows(answers)})


def iterate_json(answers: Answers) -> Iterator[bytes]:
    """Yield the pieces of the JSON that `write_json` returns."""
    head = orjson.dumps({**describe(answers), "data": []})
    yield head.removesuffix(b"]}")
    separator = b""
    for piece in split(answers):
        yield separator + orjson.dumps(_list_rows(piece))[1:-1]
        separator = b","
    yield b"]}"


def _list_rows(answers: Answers) -> list[Row]:
    rows = _write_rows(answers)
    if answers.counts is None:
        _add_flags(rows, answers.flags)
    if answers.activations:
        _add_activations(rows, answers.activations)
    return rows


def _add_flags(rows: Sequence[Row], flags: Sequence[FlaggedValue]) -> None:
    for row in rows:
        row["flags"] = []
    for flagged in flags:
        rows[flagged.row]["flags"].append({"column": flagged.column, "flag": flagged.flag})


def _add_activations(rows: Sequence[Row], activations: Mapping[str, Floats]) -> None:
    """Add the outputs of layers to the rows, flat in row-major order; not finite ones are null."""
    flat = [values.reshape(len(rows), -1).tolist() for values in activations.values()]
    for row, *by_layer in zip(rows, *flat, strict=True):
        row["activations"] = dict(zip(activations, by_layer, strict=True))


def _write_rows(answers: Answers) -> list[Row]:
    found, preprocessing = answers.found, answers.model.preprocessing
    if isinstance(found, Reconstructions):
        return _write_reconstructions(found, preprocessing)
    match preprocessing.target:
        case ClassTarget() as target:
            are_probabilities = answers.model.predictor.gives_probabilities
            rows = _write_classes(found, target, are_probabilities=are_probabilities)
            if answers.abstained is not None:
                for index in np.flatnonzero(answers.abstained).tolist():
                    rows[index] |= {"label": None, "abstained": True}
            return rows
        case NumericTarget():
            pairs = zip(found.values.tolist(), _deviations(found), strict=True)
            return [{"value": value, "std": std} for value, std in pairs]
        case NumericTargets() as target:
            return _write_numbers(found, target_names(target))
        case LabelTargets() as target:
            return _write_labels(found, target, answers.abstained)
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
                "abstained": False,
            }
            for winner, row in outputs
        ]
    return [
        {
            "label": classes[winner],
            "probability": None,
            "probabilities": None,
            "scores": row,
            "abstained": False,
        }
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


def _write_labels(
    found: Predictions, target: LabelTargets, abstained: NDArray[np.bool_] | None
) -> list[Row]:
    names = target_names(target)
    pairs = [label.classes for label in target.labels]
    rows: list[Row] = [
        {
            "labels": {
                name: classes[probability > 0.5]
                for name, classes, probability in zip(names, pairs, row, strict=True)
            },
            "probabilities": dict(zip(names, row, strict=True)),
            "abstained": [],
        }
        for row in found.values.tolist()
    ]
    if abstained is not None:
        for index, label in np.argwhere(abstained).tolist():
            rows[index]["labels"][names[label]] = None
            rows[index]["abstained"].append(names[label])
    return rows


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
