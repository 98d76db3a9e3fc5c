"""Formulas of residual blocks."""

from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import UNKNOWN, derivative, symbol


def residual(value: float, block: float, unit: int) -> Formula:
    """Y = x + F, with the output F of the block for x.

    Args:
        value: x.
        block: F, the block's output.
        unit: the index of the value.
    """
    number = unit + 1
    of_block = symbol("F", block, number, words=f"the output {number} of the block")
    return define(symbol("y", UNKNOWN, number), symbol("x", value, number) + of_block)


def residual_gradient(gradient: float, through_block: float, unit: int) -> Formula:
    """∂L/∂x = ∂L/∂y + G, with the gradient G that passes through the block.

    Args:
        gradient: ∂L/∂y.
        through_block: G, ∂L/∂x of the block's first layer.
        unit: the index of the value.
    """
    number = unit + 1
    of_block = symbol("G", through_block, number, words=f"the gradient {number} of the block")
    left = derivative(LOSS, symbol("x", UNKNOWN, number))
    return define(left, derivative(LOSS, symbol("y", UNKNOWN, number), gradient) + of_block)
