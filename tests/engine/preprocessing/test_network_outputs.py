"""Each network output is described as what predictions read of it."""

from typing import Any, get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.preprocessing.fitted import (
    ClassTarget,
    FittedCategories,
    FittedNumeric,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
)
from engine.preprocessing.network_outputs import NetworkOutput, OutputMeaning, describe_outputs
from engine.preprocessing.predictions import to_predictions
from engine.specs import LossSpec, ResolvedNetwork, ResolvedSpec

COLUMNS = (
    FittedNumeric("size", center=2.0, scale=4.0, fill=0.0, log=True),
    FittedCategories("colour", ("blue", "red")),
)
SIZE = NumericTarget("size", center=10.0, scale=3.0)
WEIGHT = NumericTarget("weight", center=0.0, scale=1.0)


def spec(loss: dict[str, Any], units: int, activation: str = "linear") -> ResolvedSpec:
    output = {"units": units, "activation": activation, "use_bias": True}
    network = {"layers": [], "output": output}
    construct: Any = ResolvedSpec.model_construct
    resolved: ResolvedSpec = construct(
        loss=TypeAdapter(LossSpec).validate_python(loss),
        network=ResolvedNetwork.model_validate(network),
    )
    return resolved


CASES: dict[str, tuple[ResolvedSpec, FittedTarget, list[NetworkOutput]]] = {
    "classes": (
        spec({"type": "cross_entropy"}, 3, "softmax"),
        ClassTarget("digit", (0, 1, 7)),
        [NetworkOutput(f"digit = {one}", "digit", one, "probability") for one in (0, 1, 7)],
    ),
    "two classes": (
        spec({"type": "binary_cross_entropy"}, 1, "sigmoid"),
        ClassTarget("ill", (False, True)),
        [NetworkOutput("ill = true", "ill", True, "probability")],
    ),
    "scores": (
        spec({"type": "hinge"}, 2),
        ClassTarget("kind", ("a", "b")),
        [NetworkOutput(f"kind = {one}", "kind", one, "score") for one in "ab"],
    ),
    "labels": (
        spec({"type": "binary_cross_entropy"}, 2, "sigmoid"),
        LabelTargets((ClassTarget("ill", (False, True)), ClassTarget("age", ("old", "young")))),
        [
            NetworkOutput("ill = true", "ill", True, "probability"),
            NetworkOutput("age = young", "age", "young", "probability"),
        ],
    ),
    "numbers": (
        spec({"type": "mean_squared_error"}, 2),
        NumericTargets((SIZE, WEIGHT)),
        [
            NetworkOutput("size", "size", None, "value", 10.0, 3.0),
            NetworkOutput("weight", "weight", None, "value"),
        ],
    ),
    "quantile": (
        spec({"type": "quantile", "quantile": 0.9}, 1),
        SIZE,
        [NetworkOutput("size", "size", None, "quantile", 10.0, 3.0)],
    ),
    "gaussian": (
        spec({"type": "gaussian"}, 4),
        NumericTargets((SIZE, WEIGHT)),
        [
            NetworkOutput("mean of size", "size", None, "mean", 10.0, 3.0),
            NetworkOutput("mean of weight", "weight", None, "mean"),
            NetworkOutput(
                "log variance of size", "size", None, "log_variance", 2 * np.log(3.0), 1.0
            ),
            NetworkOutput("log variance of weight", "weight", None, "log_variance"),
        ],
    ),
    "reconstruction": (
        spec({"type": "mean_squared_error"}, 3),
        InputsTarget(),
        [
            NetworkOutput("size", "size", None, "reconstruction", 2.0, 4.0, logarithm=True),
            NetworkOutput("colour = blue", "colour", None, "reconstruction"),
            NetworkOutput("colour = red", "colour", None, "reconstruction"),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_outputs_are_described(name: str) -> None:
    resolved, target, expected = CASES[name]
    assert list(describe_outputs(resolved, COLUMNS, target)) == expected


def test_every_meaning_is_described() -> None:
    found = {one.meaning for _, _, expected in CASES.values() for one in expected}
    assert found == set(get_args(OutputMeaning))


def test_center_and_scale_lead_to_the_unit_of_the_target() -> None:
    resolved, target, _ = CASES["gaussian"]
    described = describe_outputs(resolved, COLUMNS, target)
    outputs = np.array([[0.5, -1.0, 0.25, 2.0], [0.0, 3.0, -4.0, 0.0]])
    values, deviations = to_predictions(outputs, target, has_deviations=True)
    assert deviations is not None
    shifted = np.stack(
        [
            column * (one.scale or 1.0) + (one.center or 0.0)
            for one, column in zip(described, outputs.T, strict=True)
        ],
        axis=1,
    )
    np.testing.assert_array_equal(shifted[:, :2], values)
    np.testing.assert_allclose(np.exp(shifted[:, 2:] / 2), deviations, rtol=1e-14)
