"""Formulas of max and average pooling."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Function, Rest
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import (
    TOP,
    given,
    strongest,
    symbol,
)


def max_pooling(values: Sequence[float], *, top: int = TOP) -> Formula:
    """Y = max(x₁, x₂, …) of one window.

    Args:
        values: the values of the window, in row-major order.
        top: the number of values that are written out, the largest.
    """
    by_size = sorted(range(len(values)), key=lambda index: -values[index])
    shown, hidden = sorted(by_size[:top]), by_size[top:]
    arguments: list[Expression] = [symbol("x", values[index], index + 1) for index in shown]
    if hidden:
        arguments.append(Rest(len(hidden), max(values[index] for index in hidden)))
    if len(arguments) == 1:
        return define(symbol("y"), arguments[0])
    return define(symbol("y"), Function("max", tuple(arguments)))


def average_pooling(values: Sequence[float], *, top: int = TOP) -> Formula:
    """Y = (1 / n) Σ x of the n values of one window.

    Args:
        values: the values of the window, in row-major order.
        top: the number of values that are written out.
    """
    total = strongest(values, lambda index: symbol("x", values[index], index + 1), top)
    return define(symbol("y"), (1 / _size(len(values))) * total)


def _size(count: int) -> Expression:
    return given("n", count, words="the number of values")
