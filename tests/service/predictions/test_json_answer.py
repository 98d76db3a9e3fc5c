"""The answer that is written without a schema's objects is the one that the schema describes."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.data.table import Column
from engine.network import build_network, initialize_network
from engine.predictor import Predictor
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedNumeric,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
)
from engine.preprocessing.preprocessing import Preprocessing
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from service.predictions import pieces
from service.predictions.answers import answer
from service.predictions.json_answer import iterate_json, write_json
from service.runtime.model_cache import ServedModel
from service.schemas.predict_options import PredictOptions
from service.schemas.predictions import PredictView
from service.serializers.rows import RowReader
from tests.engine.examples import describe, numbers, truths

COLUMNS = (FittedNumeric("a", 1, 2, 0, minimum=0, maximum=3), FittedBoolean("b", 0.5))
TABLE: dict[str, Column] = {
    "a": numbers(*(n % 4 for n in range(40))),
    "b": truths(*(n % 3 == 0 for n in range(40))),
    "y": numbers(*(n % 5 + 0.5 for n in range(40))),
    "z": numbers(*(n % 6 + 0.5 for n in range(40))),
    "p": truths(*(n % 2 == 0 for n in range(40))),
    "q": truths(*(n % 5 == 0 for n in range(40))),
}
LINEAR = {"output": {"activation": "linear"}}
NUMBER, OTHER = NumericTarget("y", 3, 2), NumericTarget("z", 1, 4)
TRUTH, SECOND = ClassTarget("p", (False, True)), ClassTarget("q", (False, True))
MODELS: Mapping[str, tuple[FittedTarget, dict[str, Any]]] = {
    "classes": (TRUTH, {"target": "p", "loss": "cross_entropy"}),
    "sigmoid": (TRUTH, {"target": "p", "loss": "binary_cross_entropy"}),
    "scores": (TRUTH, {"target": "p", "loss": "hinge"}),
    "number": (NUMBER, {"target": "y"}),
    "gaussian": (NUMBER, {"target": "y", "loss": "gaussian"}),
    "numbers": (NumericTargets((NUMBER, OTHER)), {"target": ["y", "z"]}),
    "gaussians": (NumericTargets((NUMBER, OTHER)), {"target": ["y", "z"], "loss": "gaussian"}),
    "labels": (LabelTargets((TRUTH, SECOND)), {"target": ["p", "q"]}),
    "reconstruction": (InputsTarget(), {"task": "reconstruction"}),
    "anomalies": (InputsTarget((0.0, 1.0, 9.0)), {"task": "reconstruction"}),
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"stats": True},
    {"layers": "all"},
    {"missing_columns": "ignore", "layers": "layers.0", "stats": True},
]
CASES = [
    *((name, options) for name in MODELS for options in OPTIONS),
    *((name, {"min_probability": 0.9}) for name in ("classes", "sigmoid", "labels")),
]
ROWS: list[Any] = [
    {"a": 1.5, "b": True},
    {"a": "x", "b": None},
    {"a": 99},
    [None, "perhaps"],
    [0, False],
]


def served(name: str) -> ServedModel:
    target, request = MODELS[name]
    asked = {"features": ["a", "b"], "network": {"layers": [{"type": "dense", "units": 3}]}}
    spec = resolve(TrainingSpec.model_validate(asked | request), describe(TABLE)).spec
    preprocessing = Preprocessing(COLUMNS, target)
    network = build_network(spec.network_for(2), 2, np.dtype(spec.dtype))
    initialize_network(network, seed=1)
    predictor = Predictor(spec, preprocessing, network.named_parameters())
    return ServedModel("mdl_x", preprocessing, predictor, RowReader(preprocessing), 0)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_answer_is_the_json_of_its_schema(name: str, options: dict[str, Any]) -> None:
    model = served(name)
    found = answer(model, model.reader.read(ROWS), PredictOptions.model_validate(options))
    text = write_json(found)
    view = PredictView.model_validate_json(text, extra="forbid")
    assert view.model_dump(mode="json", exclude_unset=True) == json.loads(text)
    assert len(view.data) == len(ROWS)


@pytest.mark.parametrize("values", [1, 3, 10**6])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_pieces_of_an_answer_are_the_answer(
    name: str, options: dict[str, Any], values: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = served(name)
    found = answer(model, model.reader.read(ROWS), PredictOptions.model_validate(options))
    whole = write_json(found)
    monkeypatch.setattr(pieces, "PIECE_VALUES", values)
    written = list(iterate_json(found))
    assert b"".join(written) == whole
    assert len(written) - 2 == -(-len(ROWS) // pieces.count_rows_per_piece(found))
