"""A formula: what is computed, and the expression that it is computed by."""

from dataclasses import dataclass, replace

from engine.explain.formulas.evaluate import evaluate
from engine.explain.formulas.expression import Expression, Symbol


@dataclass(frozen=True, slots=True)
class Formula:
    """left = expression.

    Attributes:
        left: the computed quantity; its value is the result.
        expression: the right side.
        where: formulas of those of its symbols that are only abbreviations.
    """

    left: Symbol
    expression: Expression
    where: tuple["Formula", ...] = ()

    @property
    def value(self) -> float:
        """The result."""
        return self.left.value

    def with_value(self, value: float) -> "Formula":
        """Return the formula with the result that the training computed, in its own precision."""
        return replace(self, left=replace(self.left, value=value))


def define(left: Symbol, expression: Expression, *where: Formula) -> Formula:
    """Return the formula of a quantity, whose value becomes that of the expression."""
    return Formula(replace(left, value=evaluate(expression)), expression, where)
