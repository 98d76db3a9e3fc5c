"""Options of a prediction that its model must allow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.levels import describe_levels
from engine.predictor import Predictions
from engine.preprocessing.fitted import ClassTarget, LabelTargets
from service.http.errors import InvalidQueryError
from service.runtime.model_cache import ServedModel
from service.schemas.common import FieldProblem
from service.schemas.predict_options import PredictOptions

ALL_LAYERS = "all"


def check_options(model: ServedModel, options: PredictOptions) -> None:
    """Check what the options need of the model. Raises InvalidQueryError."""
    if options.min_probability is not None and not _has_probabilities(model):
        detail = (
            "the model predicts no probabilities: it needs classes or labels, and an output with "
            "softmax or sigmoid"
        )
        raise _invalid("min_probability", "no_probabilities", detail)
    list_layers(model, options)


def list_layers(model: ServedModel, options: PredictOptions) -> Sequence[str]:
    """Return the names of the requested layers, each once. Raises InvalidQueryError."""
    if options.layers is None:
        return ()
    known = [*model.predictor.layer_shapes]
    names = list(dict.fromkeys(name.strip() for name in options.layers.split(",")))
    for name in names:
        if name != ALL_LAYERS and name not in model.predictor.layer_shapes:
            shown = describe_levels([ALL_LAYERS, *known], name[:80])
            detail = f"there is no layer {name[:80]!r}; the names are {shown}"
            raise _invalid("layers", "unknown_layer", detail)
    return known if ALL_LAYERS in names else names


def find_abstained(
    model: ServedModel, found: Predictions, min_probability: float
) -> NDArray[np.bool_]:
    """Return whether the most likely class of a prediction is less likely than required.

    Shape `(rows,)` for classes, `(rows, labels)` for labels.
    """
    probabilities = found.values.astype(np.float64)
    if isinstance(model.preprocessing.target, LabelTargets):
        best = np.maximum(probabilities, 1 - probabilities)
    else:
        best = probabilities.max(axis=1)
    return best < min_probability


def _has_probabilities(model: ServedModel) -> bool:
    is_classifier = isinstance(model.preprocessing.target, ClassTarget | LabelTargets)
    return is_classifier and model.predictor.gives_probabilities


def _invalid(name: str, code: str, detail: str) -> InvalidQueryError:
    problem = FieldProblem(location="query", pointer=f"/{name}", code=code, detail=detail)
    return InvalidQueryError([problem])
