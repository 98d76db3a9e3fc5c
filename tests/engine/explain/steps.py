"""Steps of small networks, given by numbers."""

from typing import Any

import numpy as np

from engine.explain.single_step.build import GivenStep, build_step_inputs
from engine.specs.step import StepSpec
from engine.training.step_inputs import StepInputs

SIGMOID = {"units": 1, "activation": "sigmoid", "use_bias": False}
TEXTBOOK: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", **SIGMOID}], "output": SIGMOID},
    "loss": "half_squared_error",
    "optimizer": {"type": "sgd", "learning_rate": 0.5},
}


def textbook(**changed: Any) -> StepInputs:
    """Return the worked example of textbooks: x = 0.5, w₁ = 0.4, w₂ = 0.6, y = 1."""
    weights = {"layers.0.weight": [[0.4]], "output.weight": [[0.6]]}
    spec = StepSpec.model_validate({**TEXTBOOK, **changed})
    return build_step_inputs(spec, GivenStep([[0.5]], [1], weights=weights))


def step_of(
    layers: list[dict[str, Any]],
    *,
    in_features: int = 3,
    rows: int = 5,
    units: int = 2,
    weights: dict[str, Any] | None = None,
    targets: Any = None,
    output: dict[str, Any] | None = None,
    step: int = 0,
    codes: list[int] | None = None,
    **spec: Any,
) -> StepInputs:
    """Return a step on random rows and targets, by default with a squared error.

    The first input has the codes of an embedding, if there are any.
    """
    random = np.random.default_rng(7)
    x = random.standard_normal((rows, in_features))
    if codes is not None:
        x[:, 0] = codes
    y = random.standard_normal((rows, units)).tolist() if targets is None else targets
    network = {"layers": layers, "output": {"units": units, **(output or {})}}
    request = {"network": network, "loss": "mean_squared_error", "optimizer": "sgd", **spec}
    given = GivenStep(x.tolist(), y, weights=weights or {}, step=step)
    return build_step_inputs(StepSpec.model_validate(request), given)
