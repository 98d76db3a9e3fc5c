"""Formulas of max and average pooling."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Function, Rest
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import (
    TOP,
    UNKNOWN,
    derivative,
    either,
    given,
    relation,
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


def max_pooling_gradient(
    gradients: Sequence[float],
    places: Sequence[int],
    firsts: Sequence[int],
) -> Formula:
    """∂L/∂x = Σ ∂L/∂y over the windows of x in which x is the first largest value.

    Args:
        gradients: ∂L/∂y of each window that contains x.
        places: the index i of x in each of these windows, in row-major order.
        firsts: the index k of the first largest value of each window.
    """

    def write(window: int) -> Expression:
        gradient = derivative(LOSS, symbol("y", UNKNOWN, window + 1), gradients[window])
        i = given("i", places[window] + 1, window + 1)
        k = given("k", firsts[window] + 1, window + 1)
        return either((gradient, [relation(i, "=", k)]), (0, [relation(i, "≠", k)]))

    pairs = zip(gradients, places, firsts, strict=True)
    shares = [gradient if place == first else 0.0 for gradient, place, first in pairs]
    left = derivative(LOSS, symbol("x"))
    return define(left, strongest(shares, write, len(shares)))


def average_pooling(values: Sequence[float], *, top: int = TOP) -> Formula:
    """Y = (1 / n) Σ x of the n values of one window.

    Args:
        values: the values of the window, in row-major order.
        top: the number of values that are written out.
    """
    total = strongest(values, lambda index: symbol("x", values[index], index + 1), top)
    return define(symbol("y"), (1 / _size(len(values))) * total)


def average_pooling_gradient(gradients: Sequence[float], size: int, *, top: int = TOP) -> Formula:
    """∂L/∂x = (1 / n) Σ ∂L/∂y over the windows of n values that contain x.

    Args:
        gradients: ∂L/∂y of each window that contains x.
        size: n, the number of values of a window.
        top: the number of windows that are written out.
    """

    def write(window: int) -> Expression:
        return derivative(LOSS, symbol("y", UNKNOWN, window + 1), gradients[window])

    left = derivative(LOSS, symbol("x"))
    return define(left, (1 / _size(size)) * strongest(gradients, write, top))


def _size(count: int) -> Expression:
    return given("n", count, words="the number of values")
