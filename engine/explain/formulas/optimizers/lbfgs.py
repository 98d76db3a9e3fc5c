"""Formula of an update by L-BFGS."""

from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import UNKNOWN, symbol


def lbfgs_update(
    weight: float, step_length: float, direction: float, *, letter: str = "w"
) -> Formula:
    """w′ = w + α d.

    Args:
        weight: w before the step.
        step_length: α, the step length of the line search.
        direction: d, the weight's part of the direction −H g.
        letter: the letter of the weight.
    """
    alpha = symbol("α", step_length, words="the step length")
    d = symbol("d", direction, words="the direction")
    left = symbol(letter, UNKNOWN, superscript="′")
    return define(left, symbol(letter, weight) + alpha * d)
