"""Quantities that formulas of several subjects name: the loss, weights and δ."""

from engine.explain.formulas.expression import Derivative, Expression, Symbol, leaves
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


def shown_indices(letter: str, *expressions: Expression) -> list[int]:
    """Return the indices, from 0, of the symbols with a letter, or of derivatives by them."""
    found = set()
    for expression in expressions:
        for leaf in leaves(expression):
            if isinstance(leaf, Symbol):
                name = leaf.name.by if isinstance(leaf.name, Derivative) else leaf.name
                if name.letter == letter and name.subscripts:
                    found.add(int(name.subscripts[0]) - 1)
    return sorted(found)
