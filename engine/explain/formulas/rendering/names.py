"""Names and numbers as layouts."""

from enum import IntEnum

from engine.explain.formulas.expression import Derivative, Name, Number
from engine.explain.formulas.rendering.layout import (
    Digits,
    Fenced,
    Hat,
    Identifier,
    Layout,
    Operator,
    Quotient,
    Row,
    Scripts,
)
from engine.explain.formulas.rendering.numerals import Numeral, write_number


class Level(IntEnum):
    """How strongly the parts of a layout are bound; weaker ones need brackets."""

    CASES = 0
    SUM = 1
    PRODUCT = 2
    POWER = 3
    ATOM = 4


def write_name(name: Name | Derivative) -> Layout:
    """Return the layout of a name."""
    match name:
        case Derivative(of, by):
            parts = (Row((Operator("∂"), write_name(part))) for part in (of, by))
            return Quotient(*parts)
        case Name():
            return _write_name(name)


def _write_name(name: Name) -> Layout:
    base: Layout = Identifier(name.letter)
    if name.mark == "hat":
        base = Hat(base)
    below = _subscripts(name.subscripts) if name.subscripts else None
    above = _above(name)
    layout = base if below is None and above is None else Scripts(base, below, above)
    return Fenced("‖", layout, "‖") if name.mark == "norm" else layout


def _above(name: Name) -> Layout | None:
    """The layer in square brackets, then the superscript."""
    items: list[Layout] = []
    if name.layer is not None:
        items += [Operator("["), Digits(str(name.layer)), Operator("]")]
    match name.superscript:
        case "":
            pass
        case "′":
            items.append(Operator("′"))
        case "2":
            items.append(Digits("2"))
        case row:
            items += [Operator("("), Digits(row.strip("()")), Operator(")")]
    if not items:
        return None
    return items[0] if len(items) == 1 else Row(tuple(items))


def _subscripts(subscripts: tuple[int | str, ...]) -> Layout:
    """Single digits side by side, as in w₁₂; longer indices are separated by commas."""
    if all(isinstance(index, int) and index < 10 for index in subscripts):
        return Digits("".join(map(str, subscripts)))
    items: list[Layout] = []
    for index in subscripts:
        if items:
            items.append(Operator(","))
        items.append(Digits(str(index)) if isinstance(index, int) else Identifier(index))
    return items[0] if len(items) == 1 else Row(tuple(items))


def write_constant(number: Number) -> tuple[Layout, Level]:
    """Return the layout of a constant, and how strongly it is bound."""
    if number.letter:
        return Identifier(number.letter), Level.ATOM
    return write_numeral(write_number(number.value, None))


def write_numeral(numeral: Numeral) -> tuple[Layout, Level]:
    """Return the layout of a number, and how strongly it is bound."""
    if numeral.exponent is None:
        layout: Layout = Digits(numeral.digits)
        level = Level.ATOM
    else:
        exponent = Numeral(numeral.exponent < 0, str(abs(numeral.exponent)))
        power = Scripts(Digits("10"), above=write_numeral(exponent)[0])
        layout, level = Row((Digits(numeral.digits), Operator("·"), power)), Level.PRODUCT
    if numeral.is_negative:
        return Row((Operator("−"), layout)), Level.SUM
    return layout, level
