"""Formulas of dropout."""

from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import UNKNOWN, derivative, given, symbol


def dropout(value: float, rate: float, unit: int, *, is_kept: bool) -> Formula:
    """Y = x · m / (1 − p), with m = 1 for a kept value and 0 for a dropped one.

    Args:
        value: x.
        rate: p, the probability of being dropped.
        unit: the index of the value.
        is_kept: whether m is 1.
    """
    x = symbol("x", value, unit + 1)
    return define(symbol("y", UNKNOWN, unit + 1), x * _mask(rate, unit, is_kept=is_kept))


def dropout_gradient(gradient: float, rate: float, unit: int, *, is_kept: bool) -> Formula:
    """∂L/∂x = ∂L/∂y · m / (1 − p).

    Args:
        gradient: ∂L/∂y.
        rate: p, the probability of being dropped.
        unit: the index of the value.
        is_kept: whether m is 1.
    """
    dy = derivative(LOSS, symbol("y", UNKNOWN, unit + 1), gradient)
    left = derivative(LOSS, symbol("x", UNKNOWN, unit + 1))
    return define(left, dy * _mask(rate, unit, is_kept=is_kept))


def _mask(rate: float, unit: int, *, is_kept: bool) -> Expression:
    m = given("m", float(is_kept), unit + 1, words=f"the mask {unit + 1}")
    return m / (1 - given("p", rate, words="the dropout rate"))
