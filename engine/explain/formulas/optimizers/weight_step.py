"""One weight before an update, with the symbols of its quantities."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.symbols import UNKNOWN, given, symbol


@dataclass(frozen=True)
class WeightStep:
    """A weight, its gradient, and the optimizer's state before the step.

    Attributes:
        weight: w before the step.
        gradient: g, the gradient that the optimizer reads: with penalties, after clipping.
        slots: the state before the step, by the textbook's symbol: m, v, v_max, s, u. The engine
            stores some of them scaled: `engine.explain.explanation.slots` converts them.
        learning_rate: η of the step.
        t: the number of the update, counted from 1.
        letter: the letter of the weight, such as b of a bias.
    """

    weight: float
    gradient: float
    slots: Mapping[str, float]
    learning_rate: float
    t: int
    letter: str = "w"

    @property
    def w(self) -> Symbol:
        """The weight."""
        return symbol(self.letter, self.weight)

    @property
    def g(self) -> Symbol:
        """The gradient."""
        return symbol("g", self.gradient)

    @property
    def rate(self) -> Symbol:
        """The learning rate η."""
        return symbol("η", self.learning_rate, words="the learning rate")

    @property
    def count(self) -> Symbol:
        """The number t of the update."""
        return given("t", self.t)

    def slot(self, name: str) -> Symbol:
        """Return a state before the step."""
        letter, _, subscript = name.partition("_")
        return symbol(letter, self.slots[name], *([subscript] if subscript else []))

    def new_slot(self, name: str, expression: Expression) -> Formula:
        """Return the formula of a state after the step."""
        letter, _, subscript = name.partition("_")
        subscripts = [subscript] if subscript else []
        return define(symbol(letter, UNKNOWN, *subscripts, superscript="′"), expression)

    def new_weight(self, expression: Expression) -> Formula:
        """Return the formula of the weight after the step."""
        return define(symbol(self.letter, UNKNOWN, superscript="′"), expression)


def average(factor: Symbol, old: Expression, new: Expression) -> Expression:
    """Return factor · old + (1 − factor) · new, an exponential moving average."""
    return factor * old + (1 - factor) * new
