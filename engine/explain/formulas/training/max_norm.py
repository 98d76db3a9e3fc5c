"""Formulas of the max-norm constraint."""

from collections.abc import Sequence

from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import TOP, UNKNOWN, function, given, symbol
from engine.explain.formulas.training.gradient_clipping import euclidean_norm


def max_norm(weight: float, norm: float, limit: float) -> Formula:
    """w′ = w · min(1, c / ‖w‖), of the weights into one unit.

    Args:
        weight: w after the optimizer's update.
        norm: ‖w‖ of the unit's weights after the update.
        limit: c, the largest norm.
    """
    c = given("c", limit, words="the limit")
    factor = function("min", 1, c / symbol("w", norm, mark="norm"))
    return define(symbol("w", UNKNOWN, superscript="′"), symbol("w", weight) * factor)


def weight_norm(weights: Sequence[float], *, top: int = TOP) -> Formula:
    """‖w‖ = √(Σ w²) of the weights into one unit, of which the largest are written out."""
    return euclidean_norm("w", weights, top=top)
