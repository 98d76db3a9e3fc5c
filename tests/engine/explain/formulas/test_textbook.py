"""The worked example of textbooks as formulas: x = 0.5, w₁ = 0.4, w₂ = 0.6, y = 1."""

import pytest

from engine.explain.formulas import Formula, to_latex, to_mathml, to_speech
from engine.explain.formulas.activations import activation, delta
from engine.explain.formulas.layers.dense import (
    input_gradient,
    row_weight_gradient,
    weighted_sum,
)
from engine.explain.formulas.losses import OutputRow, logit_gradient, output_gradient, row_loss
from engine.specs import HalfSquaredError


def _step() -> dict[str, Formula]:
    """Return every formula of the step, in the order in which it is computed."""
    spec, found = HalfSquaredError(), {}
    found["z1"] = weighted_sum([0.5], [0.4], None, 0)
    found["h"] = activation("sigmoid", found["z1"].value, 0)
    found["z2"] = weighted_sum([found["h"].value], [0.6], None, 0, letter="a")
    found["y"] = activation("sigmoid", found["z2"].value, 0)
    row = OutputRow("sigmoid", [found["z2"].value], [found["y"].value], [1.0])
    (found["L"],) = row_loss(spec, row)
    found["dL/dy"] = output_gradient(spec, row, 0)
    found["d2"] = logit_gradient(spec, row, 0)
    found["dL/dw2"] = row_weight_gradient(found["h"].value, found["d2"].value, 0, 0, letter="a")
    found["dL/dh"] = input_gradient([0.6], [found["d2"].value], 0)
    found["d1"] = delta("sigmoid", found["dL/dh"].value, found["z1"].value, found["h"].value, 0)
    found["dL/dw1"] = row_weight_gradient(0.5, found["d1"].value, 0, 0)
    return found


def test_values() -> None:
    values = {name: formula.value for name, formula in _step().items()}
    assert values["h"] == pytest.approx(0.549834, abs=5e-7)
    assert values["y"] == pytest.approx(0.581735, abs=5e-7)
    assert values["L"] == pytest.approx(0.087473, abs=5e-7)
    assert values["dL/dw2"] == pytest.approx(-0.055958, abs=5e-7)
    assert values["dL/dw1"] == pytest.approx(-0.007557, abs=5e-7)


def test_sentences() -> None:
    step = _step()
    assert to_speech(step["dL/dy"]) == (
        "the derivative of the loss with respect to the prediction equals "
        "the prediction minus the target, equals 0.582 minus 1, equals minus 0.418"
    )
    assert to_speech(step["h"]) == (
        "a 1 equals 1 over the quantity 1 plus the exponential of minus z 1, "
        "end quantity, equals 1 over the quantity 1 plus the exponential of minus 0.2, "
        "end quantity, equals 0.550"
    )


def test_latex() -> None:
    assert to_latex(_step()["z1"]) == (
        "\\begin{aligned}\nz_{1} &= w_{11} x_{1} \\\\\n"
        "&= 0.4 \\cdot 0.5 \\\\\n&= 0.2\n\\end{aligned}"
    )


def test_mathml_of_a_negative_result() -> None:
    line = to_mathml(_step()["dL/dw2"], digits=6).rpartition("<mtr>")[2]
    assert '<mtd class="result"><mrow><mo>−</mo><mn>0.0559577</mn></mrow></mtd>' in line
