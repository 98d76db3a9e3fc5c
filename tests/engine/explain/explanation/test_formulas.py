"""Formulas of explanations evaluate to the numbers that the training computed."""

import math
from dataclasses import replace
from typing import Any

import pytest

from engine.explain.explanation.explain import explain_step
from engine.explain.explanation.options import ExplainOptions
from engine.explain.formulas import Formula
from engine.preparation.prepare import prepare
from engine.specs import ClipByNorm, ClipByValue, ResolvedSpec
from engine.training.step_inputs import StepInputs
from engine.training.training import Training
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

SPECS = read_specs()
# Most optimizers and schedules have tests of their own formulas.
USUAL = ("layer-", "loss-", "schedule-cosine", "optimizer-adam", "optimizer-lbfgs")
PLAIN = [
    pytest.param(name, marks=() if name.startswith(USUAL) else pytest.mark.rare)
    for name, spec in SPECS.items()
    if "folds" not in repr(spec.validation)
]


def inputs_of(spec: ResolvedSpec, step: int) -> StepInputs:
    training = Training(spec, prepare(spec, make_table()))
    step = min(step, training.next_step().steps_per_epoch * spec.epochs - 1)
    while training.steps_done < step:
        training.run_epoch(lambda: training.steps_done >= step)
    return training.next_step()


def explain_all(inputs: StepInputs) -> set[str]:
    """Explain the first and last unit of each layer; return the quantities that have formulas."""
    whole = explain_step(inputs, ExplainOptions(max_units=0, top=0, formulas="none"))
    units = {one.name: tuple({0, one.unit_count - 1}) for one in whole.layers}
    found = explain_step(inputs, ExplainOptions(units=units, top=2, max_rows=1))
    parameters = [parameter for one in found.layers for parameter in one.parameters]
    shown = [unit for one in found.layers for unit in one.units]
    formulas = [
        *found.loss.formulas,
        *found.update.formulas,
        *(formula for unit in shown for formula in (*unit.formulas, *unit.bias_formulas)),
        *(formula for unit in shown for edge in unit.edges for formula in edge.formulas),
        *(formula for parameter in parameters for formula in parameter.formulas),
    ]
    return {formula.of for formula in formulas}


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Pairs of a formula's result and the trained number that is written instead."""
    found: list[tuple[float, float]] = []
    original = Formula.with_value

    def record(self: Formula, value: float) -> Formula:
        found.append((self.value, value))
        return original(self, value)

    monkeypatch.setattr(Formula, "with_value", record)
    return found


def check(pairs: list[tuple[float, float]]) -> None:
    assert pairs
    largest = max(abs(trained) for _, trained in pairs)
    for result, trained in pairs:
        assert math.isclose(result, trained, rel_tol=1e-7, abs_tol=1e-12 * largest)


@pytest.mark.parametrize("name", PLAIN)
def test_formulas_evaluate_to_the_numbers_of_training(
    name: str, pairs: list[tuple[float, float]]
) -> None:
    spec = SPECS[name].model_copy(update={"dtype": "float64"})
    found = explain_all(inputs_of(spec, 3))
    check(pairs)
    assert {"loss", "row_loss", "learning_rate", "loss_gradient", "moved"} <= found


@pytest.mark.parametrize("clip", [ClipByNorm(limit=0.05), ClipByValue(limit=0.001)], ids=str)
def test_penalties_clipping_and_max_norm_have_formulas(
    clip: Any, pairs: list[tuple[float, float]]
) -> None:
    update = {"dtype": "float64", "gradient_clip": clip}
    found = explain_all(inputs_of(SPECS["layer-dense"].model_copy(update=update), 2))
    check(pairs)
    assert {"gradient", "clipped", "weight_norm", "after", "m_new", "v_hat"} <= found


def test_the_learning_rate_after_a_restore_has_its_factor(
    pairs: list[tuple[float, float]],
) -> None:
    inputs = replace(inputs_of(SPECS["layer-dense"], 2), schedule={"scale": 1e-4})
    found = explain_step(inputs, ExplainOptions(top=0))
    check(pairs)
    rate = inputs.spec.optimizer.learning_rate
    assert found.update.learning_rate == pytest.approx(1e-4 * rate, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("layer-conv2d", {"z", "loss_gradient"}),
        ("layer-max_pooling2d", {"a"}),
        ("layer-average_pooling2d", {"a"}),
        ("layer-batch_normalization", {"mean", "variance", "normalized", "input_gradient"}),
        ("layer-layer_normalization", {"mean", "variance", "normalized", "input_gradient"}),
        ("layer-embedding", {"a", "loss_gradient"}),
        ("layer-residual", {"a", "input_gradient"}),
        ("layer-dropout", {"a", "input_gradient"}),
    ],
)
def test_layers_have_formulas_of_their_own(name: str, expected: set[str]) -> None:
    assert expected <= explain_all(inputs_of(SPECS[name], 1))
