"""Formulas of activations give the numbers of the engine's activations."""

import math
from typing import get_args

import numpy as np
import pytest

from engine.activations import build_activation
from engine.explain.formulas import to_latex, to_mathml, to_speech
from engine.explain.formulas.activations import activation, delta, slope, softmax, softmax_delta
from engine.specs import Activation as ActivationSpec
from engine.specs import (
    ActivationName,
    Elu,
    Gelu,
    LeakyRelu,
    OutputActivation,
)
from tests.engine.explain.formulas.checks import check_renderings, check_value

FLOAT64 = np.dtype(np.float64)
ELEMENTWISE: list[ActivationSpec | OutputActivation] = [
    *(name for name in get_args(ActivationName) if name != "softmax"),
    "exponential",
    LeakyRelu(negative_slope=0.2),
    LeakyRelu(negative_slope=0.0),
    Elu(alpha=0.7),
    Gelu(approximate="tanh"),
]
NAMES = [spec if isinstance(spec, str) else repr(spec) for spec in ELEMENTWISE]
POINTS = [-30.0, -3.5, -3.0, -0.7312, -1e-9, 0.0, 1e-9, 0.4, 2.9, 3.0, 17.25]


def _forward_and_slope(spec: ActivationSpec | OutputActivation, z: float) -> tuple[float, float]:
    """Return f(z) and f′(z) as the engine computes them."""
    function = build_activation(spec, FLOAT64)
    if function.saves:
        function.saved = np.empty((1, 1))
    y = function.forward(np.array([[z]]))
    value = y.item()
    return value, function.backward(y, np.ones((1, 1))).item()


@pytest.mark.parametrize("spec", ELEMENTWISE, ids=NAMES)
def test_value_slope_and_delta(spec: ActivationSpec | OutputActivation) -> None:
    random = np.random.default_rng(3)
    for z in [*POINTS, *random.normal(0, 2, 4).tolist()]:
        value, derivative = _forward_and_slope(spec, z)
        check_value(activation(spec, z, 1), value, scale=abs(z))
        check_value(slope(spec, z, value, 1), derivative, scale=1)
        gradient = float(random.normal())
        of_unit = delta(spec, gradient, z, value, 1)
        check_value(of_unit, gradient * derivative, scale=abs(gradient))


@pytest.mark.parametrize("spec", ELEMENTWISE, ids=NAMES)
def test_renderings(spec: ActivationSpec | OutputActivation) -> None:
    for z in (-2.7, 1.3):
        value, _ = _forward_and_slope(spec, z)
        check_renderings(activation(spec, z, 1))
        check_renderings(slope(spec, z, value, 1))
        check_renderings(delta(spec, -0.3, z, value, 11))


@pytest.mark.parametrize("units", [2, 5, 40])
def test_softmax(units: int) -> None:
    random = np.random.default_rng(units)
    for spread in (1.0, 20.0, 600.0):
        logits = random.normal(0, spread, units)
        function = build_activation("softmax", FLOAT64)
        outputs = function.forward(logits.copy()[np.newaxis])
        gradients = random.normal(size=units)
        deltas = function.backward(outputs.copy(), gradients.copy()[np.newaxis])
        for unit in (0, units - 1):
            formula = softmax(logits.tolist(), unit)
            check_value(formula, outputs[0, unit])
            of_delta = softmax_delta(gradients.tolist(), outputs[0].tolist(), unit)
            check_value(of_delta, deltas[0, unit], scale=float(outputs[0, unit]))
    check_renderings(softmax(logits.tolist(), 0, top=3))
    check_renderings(softmax_delta(gradients.tolist(), outputs[0].tolist(), 0, top=3))


def test_softmax_is_a_function_of_all_logits() -> None:
    with pytest.raises(ValueError, match="softmax"):
        activation("softmax", 1.0, 0)
    with pytest.raises(ValueError, match="softmax"):
        slope("softmax", 1.0, 0.5, 0)


def test_the_branch_that_holds_is_named() -> None:
    formula = slope("leaky_relu", -0.3, -0.003, 0)
    assert to_latex(formula).endswith(
        r"&= 0.01 , \text{ since } - 0.003 \le 0" + "\n\\end{aligned}"
    )
    assert to_speech(formula).endswith("equals 0.01, since minus 0.003 is at most 0")
    assert to_speech(delta("relu", 0.3, 0.2, 0.2, 0)).endswith(
        "0.3 times 1, since 0.2 is greater than 0, equals 0.3"
    )


def test_a_value_that_is_not_a_number_is_in_no_branch() -> None:
    formula = delta("relu", 0.3, math.nan, math.nan, 0)
    assert math.isnan(formula.value)
    assert to_speech(formula).endswith("not a number")
    assert "NaN" in to_mathml(formula)
