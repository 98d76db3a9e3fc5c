"""Formulas of fully connected layers.

Units, inputs and rows are counted from 0 in arguments and from 1 in formulas. Gradients are those
of the loss L of the batch if the δ are, which then contain the row's share 1 / B or w / B of it.
"""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS, delta_symbol, weight_symbol
from engine.explain.formulas.symbols import TOP, UNKNOWN, derivative, strongest, symbol


def weighted_sum(
    inputs: Sequence[float],
    weights: Sequence[float],
    bias: float | None,
    unit: int,
    *,
    letter: str = "x",
    top: int = TOP,
) -> Formula:
    """z_j = Σ_i w_ij x_i + b_j of one row.

    Args:
        inputs: the values that enter the unit, shape `(in_features,)`.
        weights: the unit's weights, shape `(in_features,)`.
        bias: the unit's bias; None if it has none.
        unit: the unit's index.
        letter: the letter of the inputs.
        top: the number of products that are written out.
    """

    def write(index: int) -> Expression:
        weight = weight_symbol(index, unit, weights[index])
        return weight * symbol(letter, inputs[index], index + 1)

    products = [w * x for w, x in zip(weights, inputs, strict=True)]
    total = strongest(products, write, top)
    if bias is not None:
        total = total + symbol("b", bias, unit + 1)
    return define(symbol("z", UNKNOWN, unit + 1), total)


def input_gradient(
    weights: Sequence[float],
    deltas: Sequence[float],
    index: int,
    *,
    letter: str = "a",
    top: int = TOP,
) -> Formula:
    """∂L/∂a_i = Σ_j w_ij δ_j of one row.

    Args:
        weights: the weights from the input to the units, shape `(units,)`.
        deltas: δ = ∂L/∂z of the units, shape `(units,)`.
        index: the input's index.
        letter: the letter of the inputs.
        top: the number of products that are written out.
    """

    def write(unit: int) -> Expression:
        return weight_symbol(index, unit, weights[unit]) * delta_symbol(unit, deltas[unit])

    products = [w * d for w, d in zip(weights, deltas, strict=True)]
    left = derivative(LOSS, symbol(letter, UNKNOWN, index + 1))
    return define(left, strongest(products, write, top))


def row_weight_gradient(
    value: float, delta: float, index: int, unit: int, *, letter: str = "x"
) -> Formula:
    """x_i δ_j: one row's part of ∂L/∂w_ij."""
    left = derivative(LOSS, weight_symbol(index, unit))
    return define(left, symbol(letter, value, index + 1) * delta_symbol(unit, delta))


def weight_gradient(
    values: Sequence[float],
    deltas: Sequence[float],
    index: int,
    unit: int,
    *,
    letter: str = "x",
    top: int = TOP,
) -> Formula:
    """∂L/∂w_ij = Σ_r x_i δ_j over the rows r of the batch.

    Args:
        values: x_i of each row, shape `(batch,)`.
        deltas: δ_j of each row, shape `(batch,)`, with the row's share of the loss.
        index: the input's index i.
        unit: the unit's index j.
        letter: the letter of the inputs.
        top: the number of rows that are written out.
    """

    def write(row: int) -> Expression:
        of_row = f"({row + 1})"
        value = symbol(letter, values[row], index + 1, superscript=of_row)
        return value * symbol("δ", deltas[row], unit + 1, superscript=of_row)

    products = [x * d for x, d in zip(values, deltas, strict=True)]
    left = derivative(LOSS, weight_symbol(index, unit))
    return define(left, strongest(products, write, top))


def bias_gradient(deltas: Sequence[float], unit: int, *, top: int = TOP) -> Formula:
    """∂L/∂b_j = Σ_r δ_j over the rows r of the batch; δ contain the row's share of the loss."""

    def write(row: int) -> Expression:
        return symbol("δ", deltas[row], unit + 1, superscript=f"({row + 1})")

    left = derivative(LOSS, symbol("b", UNKNOWN, unit + 1))
    return define(left, strongest(deltas, write, top))
