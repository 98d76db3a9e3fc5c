"""Names in formulas of several layers: with the number of the layer, and complete indices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from engine.arrays import Shape
from engine.explain.formulas.expression import (
    Branch,
    Cases,
    Derivative,
    Expression,
    Fraction,
    Function,
    Name,
    Negation,
    Number,
    Power,
    Product,
    Relation,
    Rest,
    Root,
    Sum,
    Symbol,
)
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import derivative, spoken_name


@dataclass(frozen=True, slots=True)
class LayerLetter:
    """The replacement for a letter of a formula.

    Attributes:
        letter: the letter.
        layer: number of the layer, counted from 1; None for the inputs of the network.
        shape: shape of the layer's outputs, if an index of a unit counts them in row-major order.
        index: index, counted from 1, of names that are written without one.
    """

    letter: str
    layer: int | None
    shape: Shape = ()
    index: tuple[int, ...] = ()


# The keys are letters; that of a letter with a hat ends in `hat`.
Letters = Mapping[str, LayerLetter]


def rename(formula: Formula, letters: Letters) -> Formula:
    """Return a formula with other names for the quantities whose letters are keys of `letters`.

    Symbols that are given, such as β₁ of Adam, belong to no layer and keep their names.
    """
    return Formula(
        _symbol(formula.left, letters),
        _expression(formula.expression, letters),
        tuple(rename(part, letters) for part in formula.where),
    )


def _expression(expression: Expression, letters: Letters) -> Expression:  # noqa: PLR0911, C901 - one case per node
    def each(parts: tuple[Expression, ...]) -> tuple[Expression, ...]:
        return tuple(_expression(part, letters) for part in parts)

    match expression:
        case Number() | Rest():
            return expression
        case Symbol():
            return _symbol(expression, letters)
        case Sum(parts):
            return Sum(each(parts))
        case Product(parts):
            return Product(each(parts))
        case Function(name, parts):
            return Function(name, each(parts))
        case Fraction(first, second):
            return Fraction(*each((first, second)))
        case Power(first, second):
            return Power(*each((first, second)))
        case Root(part):
            return Root(_expression(part, letters))
        case Negation(part):
            return Negation(_expression(part, letters))
        case Cases(branches):
            return Cases(tuple(_branch(branch, letters) for branch in branches))
        case _:
            assert_never(expression)


def _branch(branch: Branch, letters: Letters) -> Branch:
    conditions = (
        Relation(_expression(one.left, letters), one.sign, _expression(one.right, letters))
        for one in branch.conditions
    )
    return Branch(_expression(branch.value, letters), tuple(conditions))


def _symbol(symbol: Symbol, letters: Letters) -> Symbol:
    if symbol.is_given:
        return symbol
    match symbol.name:
        case Derivative(of, by):
            renamed = _name(by, letters)
            if renamed == by:
                return symbol
            # Formulas of layers have derivatives of the loss only.
            assert of == LOSS.name  # noqa: S101 - see above
            quantity = Symbol(renamed, symbol.value, spoken_name(renamed))
            return derivative(LOSS, quantity, symbol.value)
        case Name() as name:
            renamed = _name(name, letters)
            if renamed == name:
                return symbol
            return replace(symbol, name=renamed, words=spoken_name(renamed))


def _name(name: Name, letters: Letters) -> Name:
    found = letters.get(f"{name.letter}{name.mark}")
    if found is None:
        return name
    subscripts = _position(name.subscripts, found.shape) or found.index
    return replace(name, letter=found.letter, subscripts=subscripts, layer=found.layer)


def _position(subscripts: tuple[int | str, ...], shape: Shape) -> tuple[int | str, ...]:
    """Return an index of a unit along all axes of its layer."""
    if len(shape) < 2 or len(subscripts) != 1:
        return subscripts
    position = np.unravel_index(int(subscripts[0]) - 1, shape)
    return tuple(int(index) + 1 for index in position)
