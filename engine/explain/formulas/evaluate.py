"""The value of an expression, in float64."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import assert_never

import numpy as np

from engine.explain.formulas.expression import (
    Branch,
    Cases,
    Expression,
    Fraction,
    Function,
    Negation,
    Number,
    Power,
    Product,
    Relation,
    RelationSign,
    Rest,
    Root,
    Sum,
    Symbol,
)

_COMPARE: dict[RelationSign, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "≥": operator.ge,
    "<": operator.lt,
    "≤": operator.le,
    "=": operator.eq,
    "≠": operator.ne,
}


def evaluate(expression: Expression) -> float:
    """Return the value of an expression.

    Exponentials in logarithms, sums and quotients are shifted as the engine does it, so that the
    result neither overflows nor loses its digits where the formula's value has them. Infinite and
    undefined values follow IEEE 754.
    """
    with np.errstate(all="ignore"):
        return float(_evaluate(expression))


def holding_branch(cases: Cases) -> Branch | None:
    """Return the branch whose conditions hold; None if a value is not a number."""
    return next((b for b in cases.branches if all(map(holds, b.conditions))), None)


def holds(relation: Relation) -> bool:
    """Whether the comparison is true."""
    return _COMPARE[relation.sign](evaluate(relation.left), evaluate(relation.right))


def _evaluate(expression: Expression) -> np.float64:  # noqa: PLR0911, C901 - one case per node
    match expression:
        case Number(value) | Symbol(_, value) | Rest(_, value):
            return np.float64(value)
        case Sum((Function("exp", (exponent,)), Negation(Number(1)))):
            return np.float64(np.expm1(_evaluate(exponent)))
        case Sum((Number(1), Negation(Function("exp", (exponent,))))):
            return np.float64(-np.expm1(_evaluate(exponent)))
        case Sum(terms):
            return sum(map(_evaluate, terms), np.float64(0))
        case Product(factors):
            return reduce(_multiply, map(_evaluate, factors))
        case Fraction(numerator, denominator):
            return _divide(numerator, denominator)
        case Power(base, exponent):
            return np.float64(np.power(_evaluate(base), _evaluate(exponent)))
        case Root(radicand):
            return np.float64(np.sqrt(_evaluate(radicand)))
        case Negation(operand):
            return -_evaluate(operand)
        case Function(name, arguments):
            return _apply(name, arguments)
        case Cases():
            branch = holding_branch(expression)
            return np.float64(math.nan) if branch is None else _evaluate(branch.value)
        case _:
            assert_never(expression)


def _multiply(first: np.float64, second: np.float64) -> np.float64:
    """The product; 0 · ln 0 is 0, its limit."""
    pair = (first, second)
    return np.float64(0) if 0 in pair and -math.inf in pair else first * second


def _divide(numerator: Expression, denominator: Expression) -> np.float64:
    match numerator, denominator:
        case Function("exp", (exponent,)), Sum(terms) if _are_exponentials(terms):
            return np.float64(np.exp(_evaluate(exponent) - _log_sum(terms)))
        case _:
            return _evaluate(numerator) / _evaluate(denominator)


def _apply(name: str, arguments: Sequence[Expression]) -> np.float64:
    match name, *arguments:
        case "ln", Function("cosh", (inner,)):
            size = abs(_evaluate(inner))
            return np.float64(size + np.log1p(0.5 * np.expm1(-2 * size)))
        case "ln", Sum(terms) if _are_exponentials(terms):
            return _log_sum(terms)
    return np.float64(_FUNCTIONS[name](*map(_evaluate, arguments)))


def _are_exponentials(terms: Sequence[Expression]) -> bool:
    """Whether all terms are exponentials, 1 or the rest of such a sum."""
    return all(isinstance(term, Rest) or _exponent(term) is not None for term in terms)


def _exponent(term: Expression) -> Expression | None:
    match term:
        case Function("exp", (exponent,)):
            return exponent
        case Number(1):
            return Number(0)
        case _:
            return None


def _log_sum(terms: Sequence[Expression]) -> np.float64:
    """Log Σ exp of the exponents: the largest plus log(1 + the others relative to it)."""
    logs = sorted(map(_log, terms))
    others = sum((np.exp(log - logs[-1]) for log in logs[:-1]), np.float64(0))
    return np.float64(logs[-1] + np.log1p(others))


def _log(term: Expression) -> np.float64:
    exponent = _exponent(term)
    return np.float64(np.log(_evaluate(term))) if exponent is None else _evaluate(exponent)


def _sigmoid(x: np.float64) -> np.float64:
    return np.float64(1 / (1 + np.exp(-x)))


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "exp": np.exp,
    "ln": np.log,
    "tanh": np.tanh,
    "σ": _sigmoid,
    "erf": math.erf,
    "cosh": np.cosh,
    "cos": np.cos,
    "max": max,
    "min": min,
    "sign": np.sign,
    "abs": np.abs,
    "floor": np.floor,
}
