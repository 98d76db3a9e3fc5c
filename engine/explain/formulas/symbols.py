"""Symbols by the names that textbooks give them, as written and as spoken."""

import math
from collections.abc import Callable, Sequence

from engine.explain.formulas.expression import (
    Branch,
    Cases,
    Derivative,
    Expression,
    Function,
    FunctionName,
    Mark,
    Name,
    Number,
    Operand,
    Relation,
    RelationSign,
    Rest,
    Sum,
    Symbol,
)

PI = Number(math.pi, "π")
HALF = Number(1) / 2
# The value of a quantity that is still to be computed.
UNKNOWN = math.nan
# Terms of a sum that are written out, by default.
TOP = 12

_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "η": "eta",
    "λ": "lambda",
    "μ": "mu",
    "ρ": "rho",
    "σ": "sigma",
    "ψ": "psi",
}


def symbol(
    letter: str,
    value: float = UNKNOWN,
    *subscripts: int | str,
    superscript: str = "",
    mark: Mark = "",
    words: str = "",
) -> Symbol:
    """Return a quantity; its spoken name is derived from the written one unless stated."""
    name = Name(letter, subscripts, superscript, mark)
    return Symbol(name, value, words or spoken_name(name))


def given(letter: str, value: float, *subscripts: int | str, words: str = "") -> Symbol:
    """Return a stated or counted quantity, of which all digits are written."""
    name = Name(letter, subscripts)
    return Symbol(name, value, words or spoken_name(name), is_given=True)


def derivative(of: Symbol, by: Symbol, value: float = UNKNOWN) -> Symbol:
    """Return the partial derivative of one quantity by another."""
    if isinstance(of.name, Derivative) or isinstance(by.name, Derivative):
        message = "a derivative is of a plain quantity by a plain quantity"
        raise TypeError(message)
    words = f"the derivative of {of.words} with respect to {by.words}"
    return Symbol(Derivative(of.name, by.name), value, words)


def function(name: FunctionName, *arguments: Operand) -> Function:
    """Return a function of expressions; Python numbers become constants."""
    return Function(name, tuple(map(_as_expression, arguments)))


def relation(left: Operand, sign: RelationSign, right: Operand) -> Relation:
    """Return a comparison; Python numbers become constants."""
    return Relation(_as_expression(left), sign, _as_expression(right))


def either(*branches: tuple[Operand, Sequence[Relation]]) -> Cases:
    """Return a piecewise function of values and the conditions under which they hold."""
    return Cases(tuple(Branch(_as_expression(value), tuple(when)) for value, when in branches))


def strongest(
    values: Sequence[float], write: Callable[[int], Expression], top: int = TOP
) -> Expression:
    """Return a sum of which the `top` terms of largest magnitude are written out, in order.

    Args:
        values: the value of each term.
        write: returns the term at an index of `values`.
        top: the number of terms that are written; the others become a `Rest`.
    """
    by_size = sorted(range(len(values)), key=lambda index: -abs(values[index]))
    shown, hidden = sorted(by_size[:top]), sorted(by_size[top:])
    terms = list(map(write, shown))
    if hidden:
        terms.append(Rest(len(hidden), sum(values[index] for index in hidden)))
    if not terms:
        return Number(0)
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def spoken_name(name: Name) -> str:
    """Return a name in words: `new w 1 2`, `m hat`, `sigma squared`, `delta 1 of layer 2`."""
    words = _GREEK.get(name.letter, name.letter)
    if name.mark == "hat":
        words = f"{words} hat"
    words = " ".join([words, *map(str, name.subscripts)])
    if name.mark == "norm":
        words = f"the norm of {words}"
    if name.layer is not None:
        words = f"{words} of layer {name.layer}"
    match name.superscript:
        case "":
            return words
        case "′":
            return f"new {words}"
        case "2":
            return f"{words} squared"
        case row:
            return f"{words} of {spoken_row(row)}"


def spoken_row(superscript: str) -> str:
    """Return a row superscript in words: `row 3 of the batch`."""
    return f"row {superscript.strip('()')} of the batch"


def _as_expression(operand: Operand) -> Expression:
    return Number(operand) if isinstance(operand, float | int) else operand
