"""The value of an expression, in float64."""

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, assert_never

import numpy as np

from engine.explain.formulas.expression import (
    Branch,
    Cases,
    Expression,
    Fraction,
    Function,
    FunctionName,
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

# A number, or an array of numbers if symbols have arrays as their values.
_Values = Any

_COMPARE: dict[RelationSign, Callable[[_Values, _Values], _Values]] = {
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
    undefined values follow IEEE 754. If the values of symbols are arrays of one shape, then so is
    the result.
    """
    with np.errstate(all="ignore"):
        value = _evaluate(expression)
    return value if np.ndim(value) else float(value)


def holding_branch(cases: Cases) -> Branch | None:
    """Return the branch whose conditions hold; None if a value is not a number."""
    return next((b for b in cases.branches if all(map(_holds, b.conditions))), None)


def _holds(relation: Relation) -> _Values:
    return _COMPARE[relation.sign](evaluate(relation.left), evaluate(relation.right))


def _evaluate(expression: Expression) -> _Values:  # noqa: PLR0911, C901 - one case per node
    match expression:
        case Number(value) | Symbol(_, value) | Rest(_, value):
            return np.asarray(value, np.float64)[()]
        case Sum((Function("exp", (exponent,)), Negation(Number(1)))):
            return np.expm1(_evaluate(exponent))
        case Sum((Number(1), Negation(Function("exp", (exponent,))))):
            return -np.expm1(_evaluate(exponent))
        case Sum(terms):
            return sum(map(_evaluate, terms))
        case Product(factors):
            return reduce(_multiply, map(_evaluate, factors))
        case Fraction(numerator, denominator):
            return _divide(numerator, denominator)
        case Power(base, exponent):
            return np.power(_evaluate(base), _evaluate(exponent))
        case Root(radicand):
            return np.sqrt(_evaluate(radicand))
        case Negation(operand):
            return -_evaluate(operand)
        case Function(name, arguments):
            return _apply(name, arguments)
        case Cases(branches):
            return _select(branches)
        case _:
            assert_never(expression)


def _multiply(first: _Values, second: _Values) -> _Values:
    """Return the product; 0 · ln 0 is 0, its limit."""
    product = first * second
    if not np.any(np.isnan(product)):
        return product
    is_limit = ((first == 0) & (second == -math.inf)) | ((second == 0) & (first == -math.inf))
    return np.where(is_limit, 0.0, product)


def _divide(numerator: Expression, denominator: Expression) -> _Values:
    match numerator, denominator:
        case Function("exp", (exponent,)), Sum(terms) if _are_exponentials(terms):
            return np.exp(_evaluate(exponent) - _log_sum(terms))
        case _:
            return _evaluate(numerator) / _evaluate(denominator)


def _select(branches: Sequence[Branch]) -> _Values:
    value: _Values = math.nan
    for branch in reversed(branches):
        condition = reduce(operator.and_, map(_holds, branch.conditions))
        value = np.where(condition, _evaluate(branch.value), value)
    return value


def _apply(name: FunctionName, arguments: Sequence[Expression]) -> _Values:
    match name, *arguments:
        case "ln", Function("cosh", (inner,)):
            size = abs(_evaluate(inner))
            return size + np.log1p(0.5 * np.expm1(-2 * size))
        case "ln", Sum(terms) if _are_exponentials(terms):
            return _log_sum(terms)
    function, values = _FUNCTIONS[name], list(map(_evaluate, arguments))
    return function(values[0]) if len(values) == 1 else reduce(function, values)


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


def _log_sum(terms: Sequence[Expression]) -> _Values:
    """Log Σ exp of the exponents: the largest plus log(1 + the others relative to it)."""
    logs = np.sort(np.stack(np.broadcast_arrays(*map(_log, terms))), axis=0)
    others = np.exp(logs[:-1] - logs[-1]).sum(axis=0)
    return logs[-1] + np.log1p(others)


def _log(term: Expression) -> _Values:
    if isinstance(term, Rest) and term.logarithm is not None:
        return term.logarithm
    exponent = _exponent(term)
    return np.log(_evaluate(term)) if exponent is None else _evaluate(exponent)


def _sigmoid(x: _Values) -> _Values:
    return 1 / (1 + np.exp(-x))


_FUNCTIONS: dict[FunctionName, Callable[..., _Values]] = {
    "exp": np.exp,
    "ln": np.log,
    "tanh": np.tanh,
    "σ": _sigmoid,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "cosh": np.cosh,
    "cos": np.cos,
    "max": np.maximum,
    "min": np.minimum,
    "sign": np.sign,
    "abs": np.abs,
    "floor": np.floor,
}
