"""Formulas of δ = ∂L/∂z from ∂L/∂a."""

from collections.abc import Sequence

from engine.explain.formulas.activations.slopes import slope_expression
from engine.explain.formulas.activations.values import AnyActivation
from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS, delta_symbol
from engine.explain.formulas.symbols import TOP, derivative, strongest, symbol


def delta(
    spec: AnyActivation, gradient: float, z: float, a: float, unit: int, *, letter: str = "a"
) -> Formula:
    """δ_j = ∂L/∂a_j · f′(z_j), for every elementwise activation.

    Args:
        spec: the activation, other than softmax.
        gradient: ∂L/∂a_j.
        z: the unit's weighted sum.
        a: the unit's output.
        unit: the unit's index.
        letter: the letter of the output.
    """
    argument, output = symbol("z", z, unit + 1), symbol(letter, a, unit + 1)
    backward = derivative(LOSS, output, gradient)
    if spec == "linear":
        return define(delta_symbol(unit), backward)
    expression, where = slope_expression(spec, argument, output)
    return define(delta_symbol(unit), backward * expression, *where)


def softmax_delta(
    gradients: Sequence[float],
    outputs: Sequence[float],
    unit: int,
    *,
    letter: str = "a",
    top: int = TOP,
) -> Formula:
    """δ_i = a_i (∂L/∂a_i − Σ_j ∂L/∂a_j a_j), for softmax.

    Args:
        gradients: ∂L/∂a of all units, shape `(units,)`.
        outputs: a of all units, shape `(units,)`.
        unit: the index i.
        letter: the letter of the outputs.
        top: the number of products that are written out.
    """

    def backward(index: int) -> Expression:
        return derivative(LOSS, symbol(letter, outputs[index], index + 1), gradients[index])

    def write(index: int) -> Expression:
        return backward(index) * symbol(letter, outputs[index], index + 1)

    products = [g * a for g, a in zip(gradients, outputs, strict=True)]
    total = strongest(products, write, top)
    a = symbol(letter, outputs[unit], unit + 1)
    return define(delta_symbol(unit), a * (backward(unit) - total))
