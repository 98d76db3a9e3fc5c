"""Formulas of gradient clipping."""

from collections.abc import Sequence

from engine.explain.formulas.expression import Expression, Root, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import TOP, UNKNOWN, function, given, strongest, symbol
from engine.specs import ClipByNorm, ClipByValue


def clipped_gradient(
    spec: ClipByValue | ClipByNorm, gradient: float, norm: float | None = None
) -> Formula:
    """g′ = max(−c, min(c, g)) or g′ = g · min(1, c / ‖g‖).

    Args:
        spec: the clipping, with its limit c.
        gradient: g, the gradient of loss and penalties.
        norm: ‖g‖ over all parameters, which clipping by norm needs.
    """
    limit, g = given("c", spec.limit, words="the limit"), symbol("g", gradient)
    left = symbol("g", UNKNOWN, superscript="′", words="the clipped gradient")
    if isinstance(spec, ClipByValue):
        return define(left, function("max", -limit, function("min", limit, g)))
    if norm is None:
        message = "clipping by norm needs the norm of all gradients"
        raise ValueError(message)
    return define(left, g * function("min", 1, limit / _norm("g", norm)))


def gradient_norm(gradients: Sequence[float], *, top: int = TOP) -> Formula:
    """‖g‖ = √(Σ g²) over all parameters, of which the largest are written out."""
    return euclidean_norm("g", gradients, top=top)


def euclidean_norm(letter: str, values: Sequence[float], *, top: int = TOP) -> Formula:
    """The Euclidean norm of a vector, of which the largest components are written out."""
    squares = [value * value for value in values]

    def write(index: int) -> Expression:
        return symbol(letter, values[index], index + 1) ** 2

    return define(_norm(letter), Root(strongest(squares, write, top)))


def _norm(letter: str, value: float = UNKNOWN) -> Symbol:
    return symbol(letter, value, mark="norm")
