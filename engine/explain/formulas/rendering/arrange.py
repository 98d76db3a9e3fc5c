"""Arrange an expression as a layout, with its symbols or with their numbers."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from engine.explain.formulas.evaluate import holding_branch
from engine.explain.formulas.expression import (
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
from engine.explain.formulas.rendering.layout import (
    Choice,
    Digits,
    Fenced,
    Identifier,
    Layout,
    Operator,
    Quotient,
    Radical,
    Row,
    Scripts,
    Words,
)
from engine.explain.formulas.rendering.names import (
    Level,
    write_constant,
    write_name,
    write_numeral,
)
from engine.explain.formulas.rendering.numerals import Numeral, write_number

# Multiplication that is not written, between symbols.
INVISIBLE_TIMES = "\u2062"
_FENCES = {"abs": ("|", "|"), "floor": ("⌊", "⌋")}


class Arranger:
    """Arranges expressions, either with symbols or with numbers.

    Args:
        with_numbers: whether symbols are replaced by their values.
        digits: significant digits of computed values.
    """

    def __init__(self, *, with_numbers: bool, digits: int | None) -> None:
        self._with_numbers = with_numbers
        self._digits = digits

    def arrange(self, expression: Expression) -> Layout:
        """Return the layout of an expression."""
        if isinstance(expression, Product) and not self._with_numbers:
            return Row(tuple(self._product(expression.factors, is_whole=True)))
        return self._arrange(expression)[0]

    def conditions(self, relations: Iterable[Relation]) -> Layout:
        """Return the layout of comparisons that hold together."""
        items: list[Layout] = []
        for relation in relations:
            if items:
                items.append(Words("and"))
            sign = Operator(relation.sign)
            items += [self.arrange(relation.left), sign, self.arrange(relation.right)]
        return Row(tuple(items))

    def number(self, symbol: Symbol) -> Layout:
        """Return the value of a symbol."""
        return write_numeral(self._write(symbol))[0]

    def _write(self, symbol: Symbol) -> Numeral:
        return write_number(symbol.value, None if symbol.is_given else self._digits)

    def _arrange(self, expression: Expression) -> tuple[Layout, Level]:  # noqa: PLR0911, C901 - one case per node
        match expression:
            case Number():
                return write_constant(expression)
            case Symbol():
                return self._symbol(expression)
            case Rest():
                return self._rest(expression)
            case Sum(terms):
                return Row(tuple(self._sum(terms))), Level.SUM
            case Product(factors):
                return Row(tuple(self._product(factors))), Level.PRODUCT
            case Fraction(above, below):
                return Quotient(self.arrange(above), self.arrange(below)), Level.PRODUCT
            case Power(base, exponent):
                return self._power(base, exponent), Level.POWER
            case Root(radicand):
                return Radical(self.arrange(radicand)), Level.ATOM
            case Negation(operand):
                return Row((Operator("−"), self._enclosed(operand, Level.PRODUCT))), Level.SUM
            case Function(name, arguments):
                return self._function(name, arguments), Level.ATOM
            case Cases():
                return self._cases(expression)
            case _:
                assert_never(expression)

    def _enclosed(self, expression: Expression, least: Level) -> Layout:
        """Return the layout, in brackets if it is bound more weakly than `least`."""
        layout, level = self._arrange(expression)
        return Fenced("(", layout, ")") if level < least else layout

    def _symbol(self, symbol: Symbol) -> tuple[Layout, Level]:
        if self._with_numbers:
            return write_numeral(self._write(symbol))
        match symbol.name:
            case Derivative():
                return write_name(symbol.name), Level.PRODUCT
            case Name():
                has_above = symbol.name.superscript or symbol.name.layer is not None
                return write_name(symbol.name), Level.POWER if has_above else Level.ATOM

    def _rest(self, rest: Rest) -> tuple[Layout, Level]:
        if self._with_numbers:
            return write_numeral(write_number(rest.value, self._digits))
        noun = "more term" if rest.count == 1 else "more terms"
        return Row((Operator("…"), Words(f"{rest.count:,} {noun}"))), Level.PRODUCT

    def _sum(self, terms: Iterable[Expression]) -> Iterator[Layout]:
        for index, term in enumerate(terms):
            if isinstance(term, Negation):
                yield Operator("−")
                yield self._enclosed(term.operand, Level.PRODUCT)
                continue
            if index:
                yield Operator("+")
            yield self._enclosed(term, Level.PRODUCT if index else Level.SUM)

    def _product(
        self, factors: tuple[Expression, ...], *, is_whole: bool = False
    ) -> Iterator[Layout]:
        """Arrange factors; at the end of a whole expression, cases need no brackets."""
        for index, factor in enumerate(factors):
            if index:
                is_dot = self._with_numbers or isinstance(factor, Number)
                yield Operator("·" if is_dot else INVISIBLE_TIMES)
            is_last = is_whole and index == len(factors) - 1
            is_open = is_last and isinstance(factor, Cases)
            yield self._enclosed(factor, Level.CASES if is_open else Level.PRODUCT)

    def _power(self, base: Expression, exponent: Expression) -> Layout:
        body, above = self._enclosed(base, Level.ATOM), self.arrange(exponent)
        if isinstance(body, Scripts) and body.above is None:
            return Scripts(body.base, body.below, above)
        return Scripts(body, above=above)

    def _function(self, name: str, arguments: tuple[Expression, ...]) -> Layout:
        items: list[Layout] = []
        for argument in arguments:
            items += [Operator(","), self.arrange(argument)] if items else [self.arrange(argument)]
        body = items[0] if len(items) == 1 else Row(tuple(items))
        if name in _FENCES:
            opening, closing = _FENCES[name]
            return Fenced(opening, body, closing)
        return Row((Identifier(name), Fenced("(", body, ")")))

    def _cases(self, cases: Cases) -> tuple[Layout, Level]:
        """Return all branches with symbols, and the one that holds with numbers."""
        if self._with_numbers:
            branch = holding_branch(cases)
            return (Digits("NaN"), Level.ATOM) if branch is None else self._arrange(branch.value)
        rows = tuple(
            (self.arrange(branch.value), self.conditions(branch.conditions))
            for branch in cases.branches
        )
        return Choice(rows), Level.CASES
