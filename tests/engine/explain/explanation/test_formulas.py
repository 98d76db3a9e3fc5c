"""Formulas of explanations evaluate to the numbers that the training computed."""

import math
import re
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import pytest

from engine.explain.explanation.explain import explain_step
from engine.explain.explanation.formulas import texts
from engine.explain.explanation.options import ExplainOptions
from engine.explain.explanation.values import FormulaText
from engine.explain.formulas import Formula, to_latex
from engine.explain.formulas.expression import Symbol, leaves
from engine.preparation.prepare import prepare
from engine.specs import ClipByNorm, ClipByValue, ResolvedSpec
from engine.training.step_inputs import StepInputs
from engine.training.training import Training
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table
from tests.servers import ROOT

OF_LOSS = "the derivative of the loss with respect to"
SPECS = read_specs()
SECTION = (ROOT / "docs/explain.md").read_text().partition("\n## Formulas\n")[2]
DOCUMENTED = set(re.findall(r"`(\w+)`", SECTION.partition("\n## ")[0]))
# Most optimizers and schedules have tests of their own formulas.
USUAL = ("layer-", "loss-huber", "optimizer-lbfgs")
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


def explain_all(inputs: StepInputs) -> list[tuple[FormulaText, ...]]:
    """Return the formulas of the first and last unit of each layer, and of all around them."""
    whole = explain_step(inputs, ExplainOptions(max_units=0, top=0, formulas="none"))
    units = {one.name: tuple({0, one.unit_count - 1}) for one in whole.layers}
    found = explain_step(inputs, ExplainOptions(units=units, top=2, max_rows=1))
    parameters = [parameter for one in found.layers for parameter in one.parameters]
    shown = [unit for one in found.layers for unit in one.units]
    return [
        found.loss.formulas,
        found.update.formulas,
        *(formulas for unit in shown for formulas in (unit.formulas, unit.bias_formulas)),
        *(edge.formulas for unit in shown for edge in unit.edges),
        *(parameter.formulas for parameter in parameters),
    ]


def quantities(groups: list[tuple[FormulaText, ...]]) -> set[str]:
    """Return the quantities; fails if two formulas together are of one, or if one is unknown."""
    for formulas in groups:
        assert len({one.of for one in formulas}) == len(formulas)
    found = {one.of for formulas in groups for one in formulas}
    assert found <= DOCUMENTED
    return found


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


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[Formula]:
    """The formulas that are written, with their final names."""
    found: list[Formula] = []

    def record(formula: Formula, digits: int) -> str:
        found.append(formula)
        return to_latex(formula, digits)

    monkeypatch.setattr(texts, "to_latex", record)
    return found


def check_acyclic(formulas: list[Formula]) -> None:
    """No quantity is computed from itself: the names of one layer are not those of another."""
    graph: dict[object, set[object]] = {}
    for one in formulas:
        symbols = {leaf.name for leaf in leaves(one.expression) if isinstance(leaf, Symbol)}
        graph.setdefault(one.left.name, set()).update(symbols)
    assert [*TopologicalSorter(graph).static_order()]


def check(pairs: list[tuple[float, float]]) -> None:
    assert pairs
    largest = max(abs(trained) for _, trained in pairs)
    for result, trained in pairs:
        assert math.isclose(result, trained, rel_tol=1e-7, abs_tol=1e-12 * largest)


@pytest.mark.parametrize("name", PLAIN)
def test_formulas_evaluate_to_the_numbers_of_training(
    name: str, pairs: list[tuple[float, float]], written: list[Formula]
) -> None:
    spec = SPECS[name].model_copy(update={"dtype": "float64"})
    found = quantities(explain_all(inputs_of(spec, 3)))
    check(pairs)
    check_acyclic(written)
    assert {"loss", "row_loss", "learning_rate", "loss_gradient", "moved"} <= found


@pytest.mark.parametrize("clip", [ClipByNorm(limit=0.05), ClipByValue(limit=0.001)], ids=str)
def test_penalties_clipping_and_max_norm_have_formulas(
    clip: Any, pairs: list[tuple[float, float]]
) -> None:
    update = {"dtype": "float64", "gradient_clip": clip}
    found = quantities(explain_all(inputs_of(SPECS["layer-dense"].model_copy(update=update), 2)))
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
    assert expected <= quantities(explain_all(inputs_of(SPECS[name], 1)))


def test_names_lead_from_layer_to_layer(written: list[Formula]) -> None:
    explain_all(inputs_of(SPECS["layer-dense"], 1))
    found = {one.left.words: to_latex(one).replace(" ", "") for one in written}
    assert "w_{11}^{[1]}x_{1}" in found["z 1 of layer 1"]
    assert "w_{11}^{[2]}a_{1}^{[1]}" in found["z 1 of layer 2"]
    assert "w_{11}^{[2]}\\delta_{1}^{[2]}" in found[f"{OF_LOSS} a 1 of layer 1"]
    assert "a_{1}^{[1]}>0" in found["delta 1 of layer 1"]
    assert "z_{1}^{[3]}" in found["the prediction of output 1"]
    assert "p_{1}-y_{1}" in found["delta 1 of layer 3"]


def test_layers_of_a_block_read_what_the_block_reads(written: list[Formula]) -> None:
    explain_all(inputs_of(SPECS["layer-residual"], 1))
    found = {one.left.words: to_latex(one).replace(" ", "") for one in written}
    assert "a_{1}^{[1]}+F_{1}" in found["a 1 of layer 2"]
    assert "w_{11}^{[3]}a_{1}^{[1]}" in found["z 1 of layer 3"]
    assert "w_{11}^{[4]}a_{1}^{[2]}" in found["z 1 of layer 4"]


def test_new_values_have_six_digits() -> None:
    groups = explain_all(inputs_of(SPECS["optimizer-sgd"], 1))
    moved = [one for formulas in groups for one in formulas if one.of == "moved"]
    assert moved
    for one in moved:
        words = one.speech.replace(" times 10 to the minus 5", "").rpartition(" ")
        assert len(words[2].replace(".", "").lstrip("0")) == 6, one.speech


def test_a_weight_of_a_large_batch_has_the_gradient_of_one_row() -> None:
    inputs = inputs_of(SPECS["layer-dense"], 0)
    rows = np.arange(300) % len(inputs.batch.x)
    batch = inputs.batch._replace(x=inputs.batch.x[rows], y=inputs.batch.y[rows])
    options = ExplainOptions(units={"output": (1,)}, top=1, max_rows=1)
    found = explain_step(replace(inputs, batch=batch), options)
    edge = found.layers[-1].units[0].edges[0]
    assert edge.contribution is not None
    assert [one.of for one in edge.formulas][:1] == ["row_gradient"]
    assert edge.formulas[0].value == pytest.approx(edge.contribution.rows[0], rel=1e-5)
