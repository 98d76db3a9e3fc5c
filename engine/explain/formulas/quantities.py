"""Quantities that formulas of several subjects name: the loss, weights and δ."""

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.symbols import UNKNOWN, given, symbol

LOSS = symbol("L", words="the loss")


def weight_symbol(index: int, unit: int, value: float = UNKNOWN) -> Symbol:
    """Return the weight w_ij from an input to a unit."""
    return symbol("w", value, index + 1, unit + 1)


def delta_symbol(unit: int, value: float = UNKNOWN) -> Symbol:
    """Return δ_j = ∂L/∂z_j of a unit."""
    return symbol("δ", value, unit + 1)


def mean_factor(count: int, words: str) -> tuple[Expression, ...]:
    """Return the factor 1 / n of a mean; none for a single term.

    Args:
        count: n.
        words: the spoken name of n, such as `the number of outputs`.
    """
    return () if count == 1 else (1 / given("n", count, words=words),)
