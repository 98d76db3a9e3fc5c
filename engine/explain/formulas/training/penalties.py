"""Formulas of the l1 and l2 penalties."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Number, Sum, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import TOP, derivative, function, given, strongest, symbol


def penalty(weights: Sequence[float], l1: float, l2: float, *, top: int = TOP) -> Formula:
    """P = l1 Σ |w| + l2 Σ w² of the weights of a layer.

    Args:
        weights: the penalized weights, flat.
        l1: factor of the magnitudes.
        l2: factor of the squares.
        top: the number of weights that are written out.
    """

    def w(index: int) -> Symbol:
        return symbol("w", weights[index], index + 1)

    parts: list[Expression] = []
    if l1:
        sizes = [abs(weight) for weight in weights]
        parts.append(_l1(l1) * strongest(sizes, lambda i: function("abs", w(i)), top))
    if l2:
        squares = [weight * weight for weight in weights]
        parts.append(_l2(l2) * strongest(squares, lambda i: w(i) ** 2, top))
    total = parts[0] if len(parts) == 1 else Sum(tuple(parts)) if parts else Number(0)
    return define(symbol("P", words="the penalty"), total)


def objective_gradient(
    loss_gradient: float, weight: float, l1: float, l2: float, *, letter: str = "w"
) -> Formula:
    """G = ∂L/∂w + l1 sign(w) + 2 l2 w, the gradient of the loss and the penalties.

    Args:
        loss_gradient: ∂L/∂w of the loss.
        weight: w before the step.
        l1: factor of the l1 penalty.
        l2: factor of the l2 penalty.
        letter: the letter of the weight.
    """
    w = symbol(letter, weight)
    total: Expression = derivative(LOSS, w, loss_gradient)
    if l1:
        total = total + _l1(l1) * function("sign", w)
    if l2:
        total = total + 2 * _l2(l2) * w
    return define(symbol("g"), total)


def _l1(factor: float) -> Symbol:
    return given("λ", factor, 1)


def _l2(factor: float) -> Symbol:
    return given("λ", factor, 2)
