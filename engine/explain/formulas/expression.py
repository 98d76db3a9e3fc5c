"""Expression trees: formulas whose symbols carry their numbers.

A `Symbol` has a name and a value; a `Number` is a constant of the formula itself, such as the 2 of
a square. Python's operators build trees: `beta * m + (1 - beta) * g`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

FunctionName = Literal[
    "exp", "ln", "tanh", "σ", "erf", "cosh", "cos", "max", "min", "sign", "abs", "floor"
]
RelationSign = Literal[">", "≥", "<", "≤", "=", "≠"]
Mark = Literal["", "hat", "norm"]


class _Operators:
    """Arithmetic operators that build trees; Python numbers become constants."""

    __slots__ = ()

    def __add__(self, other: "Operand") -> "Sum":
        return Sum((*_terms(self), *_terms(other)))

    def __radd__(self, other: float) -> "Sum":
        return Sum((Number(other), *_terms(self)))

    def __sub__(self, other: "Operand") -> "Sum":
        return Sum((*_terms(self), Negation(_as_expression(other))))

    def __rsub__(self, other: float) -> "Sum":
        return Sum((Number(other), Negation(_as_expression(self))))

    def __mul__(self, other: "Operand") -> "Product":
        return Product((*_factors(self), *_factors(other)))

    def __rmul__(self, other: float) -> "Product":
        return Product((Number(other), *_factors(self)))

    def __truediv__(self, other: "Operand") -> "Fraction":
        return Fraction(_as_expression(self), _as_expression(other))

    def __rtruediv__(self, other: float) -> "Fraction":
        return Fraction(Number(other), _as_expression(self))

    def __pow__(self, other: "Operand") -> "Power":
        return Power(_as_expression(self), _as_expression(other))

    def __neg__(self) -> "Negation":
        return Negation(_as_expression(self))


@dataclass(frozen=True, slots=True)
class Name:
    """A written name, such as w₁₂, ŷ₁, ‖g‖ or w′.

    Attributes:
        letter: a letter, Greek ones as themselves.
        subscripts: indices, counted from 1, or words.
        superscript: `′`, the `2` of a variance, or a row in brackets, such as `(3)`.
        mark: a hat over the letter, or the bars of a norm around it.
    """

    letter: str
    subscripts: tuple[int | str, ...] = ()
    superscript: str = ""
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Derivative:
    """The name of a partial derivative, ∂of / ∂by."""

    of: Name
    by: Name


@dataclass(frozen=True, slots=True)
class Number(_Operators):
    """A constant of the formula itself.

    Attributes:
        value: the constant.
        letter: its letter, if it has one, such as π.
    """

    value: float
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Symbol(_Operators):
    """A named quantity and its value.

    Attributes:
        name: the name as written.
        value: the quantity.
        words: the name as spoken, such as `delta of output 1`.
        is_given: whether the value was stated or counted, so that all its digits are written.
    """

    name: Name | Derivative
    value: float
    words: str
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Rest(_Operators):
    """The terms of a sum or maximum that are not written out.

    Attributes:
        count: the number of terms.
        value: their sum; in a maximum, the largest of them.
        logarithm: ln of the sum, of terms that may overflow.
    """

    count: int
    value: float
    logarithm: float | None = None


@dataclass(frozen=True, slots=True)
class Sum(_Operators):
    """Σ of the terms; a `Negation` among them is subtracted."""

    terms: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Product(_Operators):
    """The product of the factors."""

    factors: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Fraction(_Operators):
    """numerator / denominator."""

    numerator: "Expression"
    denominator: "Expression"


@dataclass(frozen=True, slots=True)
class Power(_Operators):
    """base to the power exponent."""

    base: "Expression"
    exponent: "Expression"


@dataclass(frozen=True, slots=True)
class Root(_Operators):
    """The square root of the radicand."""

    radicand: "Expression"


@dataclass(frozen=True, slots=True)
class Negation(_Operators):
    """−operand."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Function(_Operators):
    """A function of one argument, or of several for `max` and `min`."""

    name: FunctionName
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison of two expressions."""

    left: "Expression"
    sign: RelationSign
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Branch:
    """One case of a piecewise function: its value where all conditions hold."""

    value: "Expression"
    conditions: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Cases(_Operators):
    """A piecewise function: the value of the branch whose conditions hold."""

    branches: tuple[Branch, ...]


Leaf = Number | Symbol | Rest
Expression = Leaf | Sum | Product | Fraction | Power | Root | Negation | Function | Cases
Operand = Expression | float


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the parts of an expression in the order in which they are read."""
    match expression:
        case Number() | Symbol() | Rest():
            return ()
        case Sum(parts) | Product(parts) | Function(_, parts):
            return parts
        case Fraction(first, second) | Power(first, second):
            return (first, second)
        case Root(part) | Negation(part):
            return (part,)
        case Cases(branches):
            return tuple(part for branch in branches for part in _parts(branch))
        case _:
            assert_never(expression)


def leaves(expression: Expression) -> Iterator[Leaf]:
    """Yield symbols, constants and rests in the order in which they are read."""
    if isinstance(expression, Leaf):
        yield expression
    for part in children(expression):
        yield from leaves(part)


def _parts(branch: Branch) -> Iterator[Expression]:
    yield branch.value
    for condition in branch.conditions:
        yield from (condition.left, condition.right)


def _as_expression(operand: object) -> Expression:
    if isinstance(operand, float | int):
        return Number(operand)
    if isinstance(operand, Expression):
        return operand
    message = f"not an expression: {operand!r}"
    raise TypeError(message)


def _terms(operand: object) -> tuple[Expression, ...]:
    expression = _as_expression(operand)
    return expression.terms if isinstance(expression, Sum) else (expression,)


def _factors(operand: object) -> tuple[Expression, ...]:
    expression = _as_expression(operand)
    return expression.factors if isinstance(expression, Product) else (expression,)
