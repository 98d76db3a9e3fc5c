"""Names with the number of a layer: equal values, equal renderings, complete indices."""

import pytest

from engine.explain.formulas import Formula, to_latex, to_speech
from engine.explain.formulas.activations import activation, delta, softmax_delta
from engine.explain.formulas.expression import Symbol, leaves
from engine.explain.formulas.layers.dense import input_gradient, weight_gradient, weighted_sum
from engine.explain.formulas.layers.normalization import scaled
from engine.explain.formulas.optimizers import WeightStep, optimizer_update
from engine.explain.formulas.renaming import LayerLetter, Letters, rename
from engine.specs import Adam
from tests.engine.explain.formulas.checks import check

LAYERS = {letter: LayerLetter(letter, 2) for letter in ("z", "a", "δ", "w", "b")}
READING = {**LAYERS, "a": LayerLetter("a", 1)}
FORMULAS: list[tuple[Formula, Letters]] = [
    (weighted_sum([0.5, 1.5], [-0.4, 0.2], 0.1, 2, letter="a"), READING),
    (weight_gradient([0.5, 0.1], [0.3, -0.2], 10, 2, letter="a"), READING),
    (input_gradient([0.5, -1.5], [0.4, 0.2], 2), LAYERS),
    (activation("gelu", -0.3, 0), LAYERS),
    (delta("relu", 0.3, 0.2, 0.2, 0), LAYERS),
    (delta("tanh", 0.3, 0.2, -0.2, 0), LAYERS),
    (softmax_delta([0.1, 0.2], [0.4, 0.6], 1), LAYERS),
    (scaled(0.1, 0.2, 0.3), {"xhat": LayerLetter("x", 2, index=(3,)), "γ": LayerLetter("γ", 2)}),
]


IDS = [formula.left.words for formula, _ in FORMULAS]


@pytest.mark.parametrize(("formula", "letters"), FORMULAS, ids=IDS)
def test_renamed_formulas_have_equal_values_and_renderings(
    formula: Formula, letters: Letters
) -> None:
    renamed = rename(formula, letters)
    assert renamed != formula
    check(renamed, formula.value)


def test_layers_stand_beside_rows() -> None:
    formula = rename(weight_gradient([0.5], [0.4], 0, 1, letter="a"), READING)
    assert r"= a_{1}^{[ 1 ] ( 1 )} \delta_{2}^{[ 2 ] ( 1 )}" in to_latex(formula).replace("&", "")
    assert to_speech(formula).startswith(
        "the derivative of the loss with respect to w 1 2 of layer 2 equals "
        "a 1 of layer 1 of row 1 of the batch times delta 2 of layer 2 of row 1 of the batch, "
        "equals 0.5 times 0.4"
    )


def test_a_power_of_a_name_with_a_layer_has_brackets() -> None:
    formula = rename(delta("tanh", 0.3, 0.2, -0.5, 0), LAYERS)
    assert r"\left( a_{1}^{[ 2 ]} \right)^{2}" in to_latex(formula)
    assert "minus the square of a 1 of layer 2, end" in to_speech(formula)
    assert "minus the square of negative 0.5, end" in to_speech(formula)


def test_indices_of_images_count_along_each_axis() -> None:
    letters = {one: LayerLetter(one, 3, shape=(2, 3, 4)) for one in ("z", "a")}
    assert rename(activation("relu", 0.5, 23), letters).left.words == "a 2 3 4 of layer 3"


def test_a_parameter_is_named_with_its_index_and_given_numbers_are_left() -> None:
    step = WeightStep(0.6, -0.5, {"m": 0.1, "v": 0.2}, 0.01, 2, letter="β")
    mean, *_, new = optimizer_update(Adam(), step)
    letters = {"β": LayerLetter("β", 2, index=(3,))}
    assert rename(mean, letters) == mean
    renamed = rename(new, letters)
    assert renamed.left.words == "new beta 3 of layer 2"
    words = [leaf.words for leaf in leaves(renamed.expression) if isinstance(leaf, Symbol)]
    assert words[0] == "beta 3 of layer 2"


def test_inputs_of_the_network_have_no_layer() -> None:
    formula = rename(weighted_sum([0.5], [0.4], None, 0, letter="a"), {"a": LayerLetter("x", None)})
    assert r"w_{11} x_{1}" in to_latex(formula)
