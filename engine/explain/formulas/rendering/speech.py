"""Formulas as spoken sentences.

The grammar is unambiguous: a part that is more than a name or a number is `the quantity … end
quantity` where it is divided, raised to a power or passed to a function, and a sum also where it is
multiplied. `all over` ends the quantity above a fraction bar.
"""

from collections.abc import Iterable
from typing import assert_never

from engine.explain.formulas.evaluate import holding_branch
from engine.explain.formulas.expression import (
    Cases,
    Expression,
    Fraction,
    Function,
    FunctionName,
    Leaf,
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
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.rendering.lines import holding_branches
from engine.explain.formulas.rendering.numerals import Numeral, write_number

_END = ", end quantity"
_FUNCTIONS: dict[FunctionName, str] = {
    "exp": "the exponential of",
    "ln": "the natural logarithm of",
    "tanh": "the hyperbolic tangent of",
    "σ": "the sigmoid of",
    "erf": "the error function of",
    "cosh": "the hyperbolic cosine of",
    "cos": "the cosine of",
    "max": "the maximum of",
    "min": "the minimum of",
    "sign": "the sign of",
    "abs": "the absolute value of",
    "floor": "the integer part of",
}
_RELATIONS: dict[RelationSign, str] = {
    ">": "is greater than",
    "≥": "is at least",
    "<": "is less than",
    "≤": "is at most",
    "=": "equals",
    "≠": "differs from",
}


def to_speech(formula: Formula, digits: int | None = 3) -> str:
    """Return a formula as a sentence: `a equals b plus c, equals 1 plus 2, equals 3`.

    Abbreviations follow as `; where b equals …`.
    """
    where = (to_speech(part, digits) for part in formula.where)
    return "; where ".join([_sentence(formula, digits), *where])


def _sentence(formula: Formula, digits: int | None) -> str:
    symbols = Speaker(with_numbers=False, digits=digits)
    numbers = Speaker(with_numbers=True, digits=digits)
    names, values = symbols.speak(formula.expression), numbers.speak(formula.expression)
    result = numbers.speak(formula.left)
    branches = holding_branches(formula.expression)
    reasons = [f"since {numbers.conditions(branch.conditions)}" for branch in branches]
    parts = [f"{formula.left.words} equals {names}"]
    if values not in {names, result}:
        parts += [f"equals {values}", *reasons]
    if result != names:
        parts.append(f"equals {result}")
    if values == result:
        parts += reasons
    return ", ".join(parts)


class Speaker:
    """Speaks expressions, either with symbols or with numbers.

    Args:
        with_numbers: whether symbols are replaced by their values.
        digits: significant digits of computed values.
    """

    def __init__(self, *, with_numbers: bool, digits: int | None) -> None:
        self._with_numbers = with_numbers
        self._digits = digits

    def speak(self, expression: Expression) -> str:
        """Return an expression in words.

        A number alone is `minus 0.5`. As a part of an expression it is `negative 0.5`, so that a
        `minus` in it is always a subtraction or a changed sign.
        """
        if isinstance(expression, Leaf):
            return self._leaf(expression, "minus")
        return self._speak(expression)

    def _leaf(self, leaf: Leaf, sign: str) -> str:
        match leaf:
            case Number(value, letter):
                return {"π": "pi"}.get(letter) or _numeral(write_number(value, None), sign)
            case Symbol(_, value, words, is_given):
                digits = None if is_given else self._digits
                return _numeral(write_number(value, digits), sign) if self._with_numbers else words
            case Rest(count, value):
                if self._with_numbers:
                    return _numeral(write_number(value, self._digits), sign)
                return f"{count:,} more {'term' if count == 1 else 'terms'}"

    def _speak(self, expression: Expression) -> str:  # noqa: PLR0911 - one case per node
        match expression:
            case Number() | Symbol() | Rest():
                return self._leaf(expression, "negative")
            case Sum(terms):
                return self._sum(terms)
            case Product(factors):
                return " times ".join(map(self._factor, factors))
            case Fraction(above, below):
                return self._fraction(above, below)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Root(radicand):
                return f"the square root of {self._atom(radicand)}"
            case Negation(operand):
                return f"minus {self._factor(operand)}"
            case Function(name, arguments):
                return f"{_FUNCTIONS[name]} {' and '.join(map(self._argument, arguments))}"
            case Cases():
                return self._cases(expression)
            case _:
                assert_never(expression)

    def conditions(self, relations: Iterable[Relation]) -> str:
        """Return comparisons that hold together, in words."""
        return " and ".join(
            f"{self.speak(relation.left)} {_RELATIONS[relation.sign]} {self.speak(relation.right)}"
            for relation in relations
        )

    def _sum(self, terms: tuple[Expression, ...]) -> str:
        text = ""
        for term in terms:
            if isinstance(term, Negation):
                part = f"minus {self._factor(term.operand)}"
                text += f" {part}" if text else part
            else:
                text += f" plus {self._factor(term)}" if text else self._factor(term)
        return text

    def _fraction(self, above: Expression, below: Expression) -> str:
        numerator, denominator = self._atom(above), self._denominator(below)
        if numerator.endswith(_END):
            return f"{numerator.removesuffix(_END)}, all over {denominator}"
        return f"{numerator} over {denominator}"

    def _denominator(self, expression: Expression) -> str:
        """Return an operand after `over`: also a function of a name or a number."""
        match expression:
            case Root(Number() | Symbol()) | Function(_, (Symbol(),)):
                return self._speak(expression)
            case _:
                return self._atom(expression)

    def _power(self, base: Expression, exponent: Expression) -> str:
        body = self._atom(base)
        is_signed = body.startswith("negative ")
        # The power precedes a name or number of several words: `the square of a 1 of layer 2`.
        is_several = " of " in body or body.endswith(_END)
        is_long = is_signed or (isinstance(base, Leaf) and is_several)
        match exponent:
            case Number(2):
                return f"the square of {body}" if is_long else f"{body} squared"
            case Number(3):
                return f"the cube of {body}" if is_long else f"{body} cubed"
            case _:
                body = _group(body) if is_signed else body
                return f"{body} to the power {self._atom(exponent)}"

    def _cases(self, cases: Cases) -> str:
        """Return all branches with symbols, and the one that holds with numbers."""
        if self._with_numbers:
            branch = holding_branch(cases)
            return "not a number" if branch is None else self._speak(branch.value)
        branches = (
            f"{self._speak(branch.value)} if {self.conditions(branch.conditions)}"
            for branch in cases.branches
        )
        return f"{'; '.join(branches)}; end of cases"

    def _factor(self, expression: Expression) -> str:
        """Return a term or factor; sums and cases are grouped."""
        inner = self._shown(expression)
        if isinstance(inner, Sum | Negation | Cases):
            return _group(self._speak(expression))
        return self._speak(expression)

    def _argument(self, expression: Expression) -> str:
        """Return an argument of a function: an operand, or minus one."""
        match expression:
            case Negation(Symbol() | Rest() as operand):
                return f"minus {self._atom(operand)}"
            case _:
                return self._atom(expression)

    def _atom(self, expression: Expression) -> str:
        """Return an operand; all but names and plain numbers are grouped."""
        inner = self._shown(expression)
        text = self._speak(expression)
        if isinstance(inner, Symbol) and not self._with_numbers:
            return text
        if isinstance(inner, Number | Symbol | Rest) and " times " not in text:
            return text
        return _group(text)

    def _shown(self, expression: Expression) -> Expression:
        """Return the part that is spoken: with numbers, the branch that holds."""
        while self._with_numbers and isinstance(expression, Cases):
            branch = holding_branch(expression)
            if branch is None:
                return Number(0)
            expression = branch.value
        return expression


def _group(text: str) -> str:
    return f"the quantity {text}{_END}"


def _numeral(numeral: Numeral, sign: str) -> str:
    digits = {"∞": "infinity", "NaN": "not a number"}.get(numeral.digits, numeral.digits)
    if numeral.exponent is not None:
        direction = "minus " if numeral.exponent < 0 else ""
        digits = f"{digits} times 10 to the {direction}{abs(numeral.exponent)}"
    return f"{sign} {digits}" if numeral.is_negative else digits
