"""Explanations of traced steps: their numbers belong together, and what is left out is counted."""

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from engine.data.split_arrays import Batch
from engine.errors import SpecError
from engine.explain.explanation import parameters
from engine.explain.explanation.explain import explain_step
from engine.explain.explanation.options import ExplainOptions
from engine.explain.explanation.step_values import (
    LayerExplanation,
    ParameterExplanation,
    StepExplanation,
)
from engine.explain.explanation.values import UnitExplanation
from engine.explain.trace_step import trace_step
from engine.preparation.prepare import prepare
from engine.specs import (
    DenseSpec,
    HalfSquaredError,
    ResolvedNetwork,
    ResolvedOutput,
    Sgd,
)
from engine.training.step_inputs import StepInputs, build_train_step
from engine.training.training import Training
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

SPECS = read_specs()
# Zeros depend on layers, activations and losses.
USUAL = ("layer-", "loss-", "schedule-cosine", "activations-")
PLAIN = [
    pytest.param(name, marks=() if name.startswith(USUAL) else pytest.mark.rare)
    for name, spec in SPECS.items()
    if "folds" not in repr(spec.validation)
]


def next_step(name: str) -> StepInputs:
    return Training(SPECS[name], prepare(SPECS[name], make_table())).next_step()


def textbook() -> StepInputs:
    options: Any = {"use_bias": False}
    spec = SPECS["optimizer-sgd"].model_copy(
        update={
            "network": ResolvedNetwork(
                layers=(DenseSpec(units=1, activation="sigmoid", **options),),
                output=ResolvedOutput(units=1, activation="sigmoid", **options),
            ),
            "loss": HalfSquaredError(),
            "optimizer": Sgd(learning_rate=0.5),
            "dtype": "float64",
        }
    )
    return StepInputs(
        spec=spec,
        in_features=1,
        steps_per_epoch=1,
        batch=Batch(np.array([[0.5]]), np.array([[1.0]])),
        positions=None,
        arrays={"parameters": np.array([0.4, 0.6])},
        schedule={},
        step=0,
        epoch=0,
        step_in_epoch=0,
    )


def layer(found: StepExplanation, name: str) -> LayerExplanation:
    return next(one for one in found.layers if one.name == name)


def test_the_textbook_example_to_the_digit() -> None:
    found = explain_step(textbook(), ExplainOptions())
    hidden, output = layer(found, "layers.0").units[0], layer(found, "output").units[0]
    assert f"{hidden.z.rows[0]:.6f}" == "0.200000"
    assert f"{hidden.a.rows[0]:.6f}" == "0.549834"
    assert f"{output.z.rows[0]:.6f}" == "0.329900"
    assert f"{output.a.rows[0]:.6f}" == "0.581735"
    assert f"{found.loss.value:.6f}" == "0.087473"
    assert output.delta is not None
    assert f"{output.delta.rows[0]:.6f}" == "-0.101772"
    assert hidden.a_gradient is not None
    assert f"{hidden.a_gradient.rows[0]:.6f}" == "-0.061063"
    (w2,), (w1,) = output.edges, hidden.edges
    assert w2.entry is not None
    assert w1.entry is not None
    assert f"{w2.entry.loss_gradient:.6f}" == "-0.055958"
    assert f"{w2.entry.loss_gradient:.6g}" == "-0.0559577"
    assert f"{w1.entry.loss_gradient:.6f}" == "-0.007557"
    assert f"{w2.entry.after:.6f}" == "0.627979"
    assert f"{w1.entry.after:.6f}" == "0.403779"


@pytest.mark.parametrize("name", ["layer-dense", "layer-conv2d", "layer-average_pooling2d"])
def test_the_terms_of_all_edges_add_up_to_the_value(name: str) -> None:
    inputs = next_step(name)
    first = explain_step(inputs, ExplainOptions(max_units=0, top=0)).layers
    units = {one.name: tuple(range(min(3, one.unit_count))) for one in first}
    options = ExplainOptions(units=units, max_rows=3, top=1000, formulas="none")
    for one in explain_step(inputs, options).layers:
        if one.type not in {"dense", "conv2d", "average_pooling2d"}:
            continue
        for unit in one.units:
            bias = unit.bias.before if unit.bias is not None else 0.0
            for row, z in enumerate(unit.z.rows):
                terms = [edge.term.rows[row] or 0.0 for edge in unit.edges if edge.term]
                assert math.fsum([*terms, bias or 0.0]) == pytest.approx(z, rel=1e-4, abs=1e-5)
            assert unit.edges_left_out == 0


def test_contributions_of_all_rows_add_up_to_the_gradient() -> None:
    inputs = next_step("layer-dense")
    rows = len(inputs.batch.x)
    units = {"layers.0": (0, 5), "layers.1": (1,), "output": (0, 2)}
    found = explain_step(inputs, ExplainOptions(units=units, max_rows=rows, top=3))
    for unit in (unit for one in found.layers for unit in one.units):
        for edge in unit.edges:
            assert edge.contribution is not None
            assert edge.entry is not None
            if edge.entry.loss_gradient is None:
                continue
            assert edge.contribution.batch == edge.entry.loss_gradient
            total = math.fsum(value or 0.0 for value in edge.contribution.rows)
            assert total == pytest.approx(edge.entry.loss_gradient, rel=1e-3, abs=1e-6)


def test_the_largest_edges_are_shown_and_the_others_counted() -> None:
    inputs = next_step("layer-dense")
    whole = explain_step(inputs, ExplainOptions(top=1000))
    part = explain_step(inputs, ExplainOptions(top=2))

    def sizes(unit: UnitExplanation) -> list[float]:
        found = [edge.contribution for edge in unit.edges if edge.contribution is not None]
        return [abs(one.batch or 0.0) for one in found]

    for one, other in zip(whole.layers, part.layers, strict=True):
        for unit, short in zip(one.units, other.units, strict=True):
            assert sizes(unit) == sorted(sizes(unit), reverse=True)
            assert sizes(short) == sizes(unit)[:2]
            assert len(short.edges) + short.edges_left_out == len(unit.edges)


def test_fewer_units_are_shown_of_deep_networks() -> None:
    found = explain_step(next_step("initializers"), ExplainOptions(top=60))
    shown = [len(one.units) for one in found.layers]
    assert 0 < max(shown) < 25
    assert all(len(one.units) + one.units_left_out == one.unit_count for one in found.layers)


def test_units_layers_and_rows_are_paged() -> None:
    inputs = next_step("layer-dense")
    options = ExplainOptions(
        layers=("layers.0",), units={"layers.0": (7, 2)}, first_row=3, max_rows=2
    )
    found = explain_step(inputs, options)
    whole = explain_step(inputs, ExplainOptions())
    (one,) = found.layers
    assert found.layers_left_out == len(whole.layers) - 1
    assert [unit.unit for unit in one.units] == [7, 2]
    assert one.units_left_out == 10
    assert found.rows_left_out == found.rows - 2
    expected = layer(whole, "layers.0").units[7].a.rows[3:5]
    assert one.units[0].a.rows == expected


def test_a_matrix_is_shown_whole_on_request() -> None:
    inputs = next_step("layer-dense")
    found = explain_step(inputs, ExplainOptions(matrices=("layers.0.weight",), top=0))
    weight = layer(found, "layers.0").parameters[0]
    assert weight.values is not None
    assert weight.gradients is not None
    assert len(weight.values) == math.prod(weight.shape)
    first = inputs.arrays["parameters"][: len(weight.values)]
    assert weight.values == tuple(float(value) for value in first)
    assert weight.values_left_out == 0
    other = layer(found, "output").parameters[0]
    assert (other.values, other.values_left_out) == (None, None)


def test_a_large_matrix_is_shown_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = next_step("layer-dense")
    whole = next_matrix(inputs)
    assert whole.values is not None
    monkeypatch.setattr(parameters, "MAX_MATRIX", 10)
    for first in (0, 7, len(whole.values) - 3):
        part = next_matrix(inputs, first_value=first)
        shown = slice(first, first + 10)
        for field in ("values", "gradients", "changes"):
            assert getattr(part, field) == getattr(whole, field)[shown], field
        assert part.values is not None
        assert part.values_left_out == len(whole.values) - len(part.values)


def next_matrix(inputs: Any, **options: Any) -> ParameterExplanation:
    found = explain_step(inputs, ExplainOptions(matrices=("layers.0.weight",), **options))
    return layer(found, "layers.0").parameters[0]


@pytest.mark.parametrize(
    ("options", "pointer", "detail"),
    [
        ({"layers": ["layer.0"]}, "/layers/0", "did you mean layers.0? known: layers.0, layers.1"),
        ({"units": {"layers.0": [0, 12]}}, "/units/layers.0/1", "12 units"),
        ({"units": {"nowhere": [0]}}, "/units/nowhere", "no layer"),
        ({"matrices": ["layers.0.weigth"]}, "/matrices/0", "did you mean layers.0.weight?"),
        ({"matrices": ["layers.0.bias"], "first_value": 12}, "/first_value", "12 values"),
        ({"first_row": 32}, "/first_row", "the batch has 32"),
        ({"layers": ["output"], "matrices": ["layers.0.bias"]}, "/matrices/0", "add layers.0"),
    ],
)
def test_what_does_not_exist_is_named(options: Any, pointer: str, detail: str) -> None:
    with pytest.raises(SpecError) as caught:
        explain_step(next_step("layer-dense"), ExplainOptions.model_validate(options))
    (problem,) = caught.value.problems
    assert problem.pointer == pointer
    assert detail in problem.detail


def test_too_long_an_answer_is_refused_with_its_size() -> None:
    options = ExplainOptions(max_units=1000, top=1000, max_rows=256, formulas="all")
    with pytest.raises(SpecError, match="answer would have about"):
        explain_step(next_step("layer-conv2d"), options)


def test_optimizer_states_are_those_of_the_formula() -> None:
    inputs = next_step("optimizer-adam")
    found = explain_step(inputs, ExplainOptions())
    adam = inputs.spec.optimizer
    assert adam.type == "adam"
    for entry in layer(found, "layers.0").parameters[0].entries:
        g, m, v = entry.clipped, entry.slots["m"], entry.slots["v"]
        assert g is not None
        assert m.after == pytest.approx((1 - adam.beta1) * g, rel=1e-5)
        assert v.after == pytest.approx((1 - adam.beta2) * g * g, rel=1e-4)
        assert entry.update == pytest.approx(-adam.learning_rate * np.sign(g), rel=1e-2)


def test_penalties_and_max_norm_have_shares_of_their_own() -> None:
    found = explain_step(next_step("layer-dense"), ExplainOptions())
    entry = layer(found, "layers.0").parameters[0].entries[0]
    assert entry.before is not None
    assert entry.l1_gradient == pytest.approx(0.01 * np.sign(entry.before))
    assert entry.l2_gradient == pytest.approx(0.02 * entry.before)
    parts = (entry.loss_gradient, entry.l1_gradient, entry.l2_gradient)
    assert sum(part or 0.0 for part in parts) == pytest.approx(entry.gradient, rel=1e-5)
    bias = layer(found, "layers.0").parameters[1].entries[0]
    assert bias.l1_gradient is None


def test_a_diverging_step_has_no_update() -> None:
    inputs = next_step("loss-mean_squared_error")
    large = {name: np.full_like(array, 1e30) for name, array in inputs.arrays.items()}
    found = explain_step(replace(inputs, arrays=large), ExplainOptions())
    assert found.diverged_in is not None
    assert found.loss.value is None
    assert found.layers[0].units[0].delta is None
    json.dumps(asdict(found), allow_nan=False)


def test_weights_of_rows_are_shares_of_the_loss() -> None:
    inputs = next_step("loss-huber")
    rows = len(inputs.batch.x)
    weights = np.linspace(0, 2, rows, dtype=np.float32)
    weighted = replace(inputs, batch=inputs.batch._replace(weights=weights))
    found = explain_step(weighted, ExplainOptions(max_rows=rows))
    losses = zip(found.loss.rows, found.loss.shares, strict=True)
    total = math.fsum((loss or 0.0) * (share or 0.0) for loss, share in losses)
    assert total == pytest.approx(found.loss.value, rel=1e-5)


def test_formulas_of_the_textbook_have_its_numbers() -> None:
    found = explain_step(textbook(), ExplainOptions(formulas="all"))
    unit = layer(found, "output").units[0]
    formulas = {one.of: one for one in unit.formulas}
    assert set(formulas) == {"z", "a", "a_gradient", "delta"}
    assert formulas["a"].value == unit.a.rows[0]
    assert formulas["a_gradient"].value == pytest.approx(0.581735142 - 1)
    assert unit.a_gradient is not None
    assert unit.a_gradient.rows == (formulas["a_gradient"].value,)
    assert "0.582" in formulas["a_gradient"].mathml
    assert formulas["delta"].speech.endswith("equals minus 0.102")
    gradient, moved = unit.edges[0].formulas
    assert (gradient.of, moved.of) == ("loss_gradient", "moved")
    assert moved.value == pytest.approx(0.6279788363724976)
    assert gradient.latex.endswith("- 0.0560\n\\end{aligned}")
    hidden = {one.of for one in layer(found, "layers.0").units[0].formulas}
    assert hidden == {"z", "a", "a_gradient", "delta"}
    assert [one.of for one in found.loss.formulas] == ["row_loss", "loss"]


@pytest.mark.parametrize("name", PLAIN)
def test_every_zero_has_a_cause_and_every_number_is_json(name: str) -> None:
    inputs = next_step(name)
    units: dict[str, tuple[int, ...]] = {"output": (0,)}
    options = ExplainOptions(formulas="none", max_units=6, top=4, units=units, max_rows=5)
    found = explain_step(inputs, options)
    json.dumps(asdict(found), allow_nan=False)
    for one in found.layers:
        for unit in one.units:
            quantities = (unit.z, unit.a, unit.a_gradient, unit.delta)
            for quantity in (shown for shown in quantities if shown is not None):
                zeros = quantity.zeros or (None,) * len(quantity.rows)
                for value, cause in zip(quantity.rows, zeros, strict=True):
                    assert (value == 0) == (cause is not None)
                assert (quantity.rows[0] == 0) == (quantity.zero is not None)
            edges = [(edge.input, edge.term, edge.contribution) for edge in unit.edges]
            for quantity in (shown for parts in edges for shown in parts if shown is not None):
                zeros = quantity.zeros or (None,) * len(quantity.rows)
                for value, cause in zip(quantity.rows, zeros, strict=True):
                    assert (value == 0) == (cause is not None)
        for entry in (entry for parameter in one.parameters for entry in parameter.entries):
            assert (entry.loss_gradient == 0) == (entry.zero_gradient is not None)
            if entry.update is not None:
                assert (entry.after == entry.before) == (entry.zero_update is not None)


def test_a_relu_that_is_off_names_its_own_input() -> None:
    found = explain_step(next_step("optimizer-sgd"), ExplainOptions(max_units=64, max_rows=1))
    texts = 0
    for unit in found.layers[0].units:
        if unit.z.rows[0] is not None and unit.z.rows[0] <= 0:
            for quantity in (unit.a, unit.delta):
                assert quantity is not None
                assert quantity.zero is not None
                assert quantity.zero.text.startswith("ReLU is off: z = ")
                texts += 1
    assert texts


def test_edges_into_a_unit_without_gradient_are_ranked_by_their_terms() -> None:
    inputs = next_step("layer-dense")
    off = inputs.arrays["parameters"].copy()
    network = build_train_step(inputs).network
    network.views(off)["layers.0.bias"][2] = -100.0
    dead = replace(inputs, arrays={**inputs.arrays, "parameters": off})
    found = explain_step(dead, ExplainOptions(units={"layers.0": (2,)}, top=4, max_rows=1))
    unit = layer(found, "layers.0").units[0]
    assert unit.a.zero is not None
    assert unit.a.zero.cause == "dead_relu"
    terms = [abs(edge.term.batch or 0.0) for edge in unit.edges if edge.term]
    assert terms == sorted(terms, reverse=True)
    assert terms[0] > 0
    assert unit.edges_share is None
    contribution = unit.edges[0].contribution
    assert contribution is not None
    assert contribution.zero is not None
    assert contribution.zero.cause == "dead_relu"


def test_zeros_have_no_sign() -> None:
    found = explain_step(next_step("layer-dense"), ExplainOptions(max_rows=3))
    assert "-0.0," not in json.dumps(asdict(found)).replace("]", ",")


def test_the_loss_after_the_step_is_that_of_the_new_weights() -> None:
    inputs = next_step("loss-mean_squared_error")
    found = explain_step(inputs, ExplainOptions(max_rows=4))
    following = replace(inputs, arrays=trace_step(inputs).after)
    repeated = explain_step(following, ExplainOptions(max_rows=4))
    assert found.loss.after == repeated.loss.value
    assert found.loss.rows_after == repeated.loss.rows
    assert found.loss.after != found.loss.value


def test_dropout_shows_what_it_drops() -> None:
    found = explain_step(next_step("layer-dropout"), ExplainOptions(max_rows=8))
    values = [
        (z, a)
        for unit in layer(found, "layers.1").units
        for z, a in zip(unit.z.rows, unit.a.rows, strict=True)
    ]
    assert {round((a or 0) / z, 5) for z, a in values if z} == {0.0, round(1 / 0.7, 5)}


@pytest.mark.parametrize(
    "name", [one for one in PLAIN if str(one.values[0]).startswith("activations-")]
)
def test_delta_is_the_gradient_times_the_slope(name: str) -> None:
    found = explain_step(next_step(name), ExplainOptions())
    checked = 0
    for unit in (unit for one in found.layers[:-1] for unit in one.units):
        if unit.slope is None or unit.delta is None or unit.a_gradient is None:
            continue
        for slope, gradient, delta in zip(
            unit.slope.rows, unit.a_gradient.rows, unit.delta.rows, strict=True
        ):
            assert slope is not None
            assert gradient is not None
            assert delta == pytest.approx(slope * gradient, rel=1e-5, abs=1e-12)
            checked += 1
    assert checked


def test_softmax_and_units_without_an_activation_have_no_slope() -> None:
    found = explain_step(next_step("loss-cross_entropy"), ExplainOptions())
    assert layer(found, "output").units[0].slope is None
