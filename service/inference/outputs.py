"""Output tensors of a model: which ones it has, and their values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.data.table import level_text
from engine.predictor import Predictions, Reconstructions
from engine.preprocessing.decode import DecodedValue
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedNumeric,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    classes_of,
    target_names,
)
from service.inference.datatypes import BYTES, FP64
from service.runtime.model_cache import ServedModel


@dataclass(frozen=True)
class Texts:
    """Texts as indices into distinct ones; the shape is that of the indices."""

    indices: NDArray[np.intp]
    distinct: tuple[str, ...]


Values: TypeAlias = NDArray[np.float64] | Texts


@dataclass(frozen=True)
class ModelOutput:
    """An output tensor of a model.

    Attributes:
        name: the tensor's name.
        datatype: FP64 or BYTES.
        sides: its shape without the rows, the first dimension.
        compute: returns its values.
        describe: returns the order of classes, targets or columns, for the metadata.
    """

    name: str
    datatype: str
    sides: tuple[int, ...]
    compute: Callable[[Any], Values]
    describe: Callable[[], Mapping[str, Any]] = dict


def list_outputs(model: ServedModel) -> tuple[ModelOutput, ...]:
    """Return the output tensors of a model, in the order of a response."""
    target = model.preprocessing.target
    match target:
        case ClassTarget():
            return _class_outputs(target, model.predictor.gives_probabilities)
        case NumericTarget():
            return _number_outputs((), dict, model.predictor.has_deviations)
        case NumericTargets():
            names = target_names(target)
            has_deviations = model.predictor.has_deviations
            return _number_outputs((len(names),), lambda: {"targets": [*names]}, has_deviations)
        case LabelTargets():
            return _label_outputs(target)
        case InputsTarget():
            return _reconstruction_outputs(model, has_scores=target.error_quantiles is not None)
        case _:
            assert_never(target)


def _class_outputs(target: ClassTarget, are_probabilities: bool) -> tuple[ModelOutput, ...]:  # noqa: FBT001
    def label(found: Predictions) -> Values:
        texts = tuple(level_text(level) for level in target.classes)
        return Texts(found.values.argmax(axis=1), texts)

    def describe() -> Mapping[str, Any]:
        return {"classes": classes_of(target)}

    name = "probabilities" if are_probabilities else "scores"
    return (
        ModelOutput("label", BYTES, (), label, describe),
        ModelOutput(name, FP64, (len(target.classes),), _values, describe),
    )


def _number_outputs(
    sides: tuple[int, ...],
    describe: Callable[[], Mapping[str, Any]],
    has_deviations: bool,  # noqa: FBT001
) -> tuple[ModelOutput, ...]:
    prediction = ModelOutput("prediction", FP64, sides, _values, describe)
    if not has_deviations:
        return (prediction,)
    return (prediction, ModelOutput("std", FP64, sides, _deviations, describe))


def _label_outputs(target: LabelTargets) -> tuple[ModelOutput, ...]:
    """Return the outputs of a multi-label model: one column per label."""
    count = len(target.labels)

    def label(found: Predictions) -> Values:
        texts = tuple(level_text(level) for one in target.labels for level in one.classes)
        # The two classes of each label follow each other.
        return Texts((found.values > 0.5) + 2 * np.arange(count), texts)

    def describe() -> Mapping[str, Any]:
        return {"targets": [*target_names(target)], "classes": classes_of(target)}

    return (
        ModelOutput("label", BYTES, (count,), label, describe),
        ModelOutput("probabilities", FP64, (count,), _values, describe),
    )


def _reconstruction_outputs(model: ServedModel, *, has_scores: bool) -> tuple[ModelOutput, ...]:
    columns = model.preprocessing.columns
    sides = (len(columns),)

    def describe() -> Mapping[str, Any]:
        return {"columns": [column.name for column in columns]}

    outputs = [ModelOutput("error", FP64, (), _errors)]
    if has_scores:
        outputs.append(ModelOutput("anomaly_score", FP64, (), _scores))
    outputs.append(ModelOutput("column_errors", FP64, sides, _column_errors, describe))
    if all(isinstance(column, FittedNumeric) for column in columns):
        outputs.append(ModelOutput("reconstruction", FP64, sides, _numbers, describe))
    else:
        outputs.append(ModelOutput("reconstruction", BYTES, sides, _texts, describe))
    return tuple(outputs)


def _values(found: Predictions) -> Values:
    return _float64(found.values)


def _deviations(found: Predictions) -> Values:
    assert found.deviations is not None  # noqa: S101 - only where the network estimates them
    return _float64(found.deviations)


def _errors(found: Reconstructions) -> Values:
    return _float64(found.errors)


def _column_errors(found: Reconstructions) -> Values:
    return _float64(found.column_errors)


def _scores(found: Reconstructions) -> Values:
    assert found.scores is not None  # noqa: S101 - only with error quantiles
    return _float64(found.scores)


def _numbers(found: Reconstructions) -> Values:
    # Numbers that are not finite are None, which becomes NaN.
    return np.array(found.values, np.float64).T


def _texts(found: Reconstructions) -> Values:
    """Return reconstructed values as texts; empty where the inputs determine none."""
    indices: dict[str, int] = {}
    columns = [
        [indices.setdefault(_text(value), len(indices)) for value in column]
        for column in found.values
    ]
    return Texts(np.array(columns, np.intp).T, tuple(indices))


def _text(value: DecodedValue) -> str:
    return "" if value is None else level_text(value)


def _float64(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64, copy=False)
