"""Checks of every formula: value, symbols, and equal renderings."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.explain.formulas import Formula, evaluate, to_latex, to_mathml, to_speech
from engine.explain.formulas.evaluate import holding_branch
from engine.explain.formulas.expression import (
    Branch,
    Cases,
    Derivative,
    Expression,
    Function,
    Leaf,
    Name,
    Number,
    Rest,
    Symbol,
    children,
    leaves,
)
from engine.explain.formulas.rendering.numerals import write_number
from engine.explain.formulas.rendering.speech import Speaker
from tests.engine.explain.formulas.reading import (
    SpokenParser,
    latex_lines,
    mathml_lines,
    read_latex,
    read_mathml,
    tokens,
)

# The constants of the engine's formulas: all other numbers are symbols with values.
CONSTANTS = {0, 1, 2, 3, 6, 0.044715, 0.96, math.pi}
_FUNCTIONS = {"exp", "ln", "tanh", "erf", "cosh", "cos", "max", "min", "sign"}
_JOINING = {"if", "and", "since"}


def check(formula: Formula, expected: float, *, scale: float = 0.0) -> None:
    """Check value, renderings and symbols of a formula.

    Args:
        formula: the formula.
        expected: the value that the engine computes.
        scale: magnitude of the terms of which the value is a difference.
    """
    check_value(formula, expected, scale=scale)
    check_renderings(formula)


def check_value(formula: Formula, expected: float, *, scale: float = 0.0) -> None:
    """Check that the expression has the value that the engine computes, from symbols only."""
    tolerance = {"rel": 1e-12, "abs": 1e-14 * scale + 1e-300}
    assert evaluate(formula.expression) == pytest.approx(expected, nan_ok=True, **tolerance)
    check_constants(formula)


def check_renderings(formula: Formula) -> None:
    """Check that LaTeX, MathML and speech have the same structure, symbols and numbers."""
    for part in formula.where:
        # Some are computed in another form, which keeps more digits.
        assert part.value == pytest.approx(evaluate(part.expression), rel=1e-9)
        check_renderings(part)
    check_constants(formula)
    check_equal_structure(formula, 3)
    check_tokens(formula, 3)
    check_speech(formula, None)


def check_constants(formula: Formula) -> None:
    for leaf in leaves(formula.expression):
        if isinstance(leaf, Number):
            assert leaf.value in CONSTANTS, f"a bare number: {leaf}"


def check_equal_structure(formula: Formula, digits: int | None) -> None:
    mathml = to_mathml(formula, digits)
    assert read_mathml(mathml)
    from_mathml = mathml_lines(mathml)
    from_latex = [read_latex(line) for line in latex_lines(to_latex(formula, digits))]
    assert from_latex == from_mathml


def check_tokens(formula: Formula, digits: int | None) -> None:
    """The MathML holds the name of each symbol, then the number of each, in order."""
    lines = mathml_lines(to_mathml(formula, digits))
    if formula.where:
        lines = lines[: -_count_abbreviations(formula)]
    names = _flat(_pieces(formula.expression), _name_tokens)
    assert [*_name_tokens(formula.left), *names] == _written(lines[0])
    result = _number_tokens(formula.left, digits)
    shown = _flat(_shown(formula.expression), lambda leaf: _number_tokens(leaf, digits))
    if len(lines) == 2:
        assert _written(lines[1]) in (result, shown)
    if len(lines) == 3:
        assert _written(lines[1]) == shown
        assert _written(lines[2]) == result


def _count_abbreviations(formula: Formula) -> int:
    return len(formula.where) + sum(map(_count_abbreviations, formula.where))


def check_speech(formula: Formula, digits: int | None) -> None:
    """The sentence says each name once, then each number once, and can only mean its value."""
    sentence, *abbreviations = to_speech(formula, digits).split("; where ")
    assert len(abbreviations) == _count_abbreviations(formula)
    words = [formula.left.words, *(_spoken_name(leaf) for leaf in leaves(formula.expression))]
    names = Speaker(with_numbers=False, digits=digits).speak(formula.expression)
    values = Speaker(with_numbers=True, digits=digits).speak(formula.expression)
    assert sentence.startswith(f"{formula.left.words} equals {names}")
    _find_in_order(sentence, words)
    pieces = _pieces_of_value(formula.expression)
    numbers = [_spoken_number(one, digits) for one in pieces if not isinstance(one, str)]
    _find_in_order(values, numbers)
    assert values in sentence
    if digits is None and values != "not a number":
        with np.errstate(over="ignore"):
            spoken = SpokenParser(values).parse()
        # The parser computes without shifts: its exponentials may overflow or be rounded to 1.
        if math.isfinite(spoken):
            assert spoken == pytest.approx(evaluate(formula.expression), rel=1e-6, abs=1e-9)


def _find_in_order(text: str, parts: list[str]) -> None:
    start = 0
    for part in parts:
        found = text.find(part, start)
        assert found >= 0, f"{part!r} is missing after {text[:start]!r}"
        start = found + len(part)


def _flat(pieces: Iterator[Leaf | str], write: Callable[[Leaf], list[str]]) -> list[str]:
    tokens_of_pieces = ([one] if isinstance(one, str) else write(one) for one in pieces)
    return [token for part in tokens_of_pieces for token in part]


def _pieces(expression: Expression) -> Iterator[Leaf | str]:
    """The leaves, and the functions that are written like names."""
    if isinstance(expression, Leaf):
        yield expression
    if isinstance(expression, Function) and expression.name == "σ":
        yield "σ"
    for part in children(expression):
        yield from _pieces(part)


def _written(line: tuple[object, ...]) -> list[str]:
    """The names and numbers of a line; digits that a comma separates are apart."""
    written: list[str] = []
    for kind, text in tokens(line):  # type: ignore[arg-type]
        if kind == "number":
            written += text.split(",")
        elif (text.isalpha() or text == "∞") and text not in _FUNCTIONS | _JOINING:
            written.append(text)
        elif kind == "text" and text not in _JOINING:
            written += text.replace(",", " ").split()
    return written


def _name_tokens(leaf: Leaf) -> list[str]:
    match leaf:
        case Number(value, letter):
            return [letter] if letter else _value_tokens(value, None)
        case Rest(count):
            return [*f"{count:,}".split(","), "more", "term" if count == 1 else "terms"]
        case Symbol(Derivative(of, by)):
            return [*_letters(of), *_letters(by)]
        case Symbol(name):
            assert isinstance(name, Name)
            return _letters(name)


def _letters(name: Name) -> list[str]:
    # `max` in a subscript reads like the function, which is not listed.
    digits = [str(index) for index in name.subscripts if index not in _FUNCTIONS]
    if all(len(digit) == 1 and digit.isdigit() for digit in digits):
        digits = ["".join(digits)] if digits else []
    row = name.superscript.strip("()′")
    return [name.letter, *digits, *([row] if row else [])]


def _number_tokens(leaf: Leaf, digits: int | None) -> list[str]:
    match leaf:
        case Number(value, letter):
            return [letter] if letter else _value_tokens(value, None)
        case Symbol(_, value, _, is_given):
            return _value_tokens(value, None if is_given else digits)
        case Rest(_, value):
            return _value_tokens(value, digits)


def _value_tokens(value: float, digits: int | None) -> list[str]:
    numeral = write_number(value, digits)
    power = [] if numeral.exponent is None else ["10", str(abs(numeral.exponent))]
    return [*numeral.digits.split(","), *power]


def _pieces_of_value(expression: Expression) -> Iterator[Leaf | str]:
    """The pieces that the value depends on: of piecewise functions, the branch that holds."""
    if isinstance(expression, Cases):
        branch = holding_branch(expression)
        if branch is not None:
            yield from _pieces_of_value(branch.value)
        return
    if isinstance(expression, Leaf):
        yield expression
    if isinstance(expression, Function) and expression.name == "σ":
        yield "σ"
    for part in children(expression):
        yield from _pieces_of_value(part)


def _shown(expression: Expression) -> Iterator[Leaf | str]:
    """The pieces of the line of numbers: those of the value, then those of the conditions."""
    yield from _pieces_of_value(expression)
    for branch in _branches(expression):
        for condition in branch.conditions:
            yield from _pieces_of_value(condition.left)
            yield from _pieces_of_value(condition.right)


def _branches(expression: Expression) -> Iterator[Branch]:
    if isinstance(expression, Cases):
        branch = holding_branch(expression)
        if branch is not None:
            yield branch
            yield from _branches(branch.value)
        return
    for part in children(expression):
        yield from _branches(part)


def _spoken_name(leaf: Leaf) -> str:
    match leaf:
        case Number(value, letter):
            # Squares and cubes are words of their own.
            return "pi" if letter else "" if value in {2, 3} else _spoken_value(value, None)
        case Symbol(_, _, words):
            return words
        case Rest(count):
            return f"{count:,} more"


def _spoken_number(leaf: Leaf, digits: int | None) -> str:
    match leaf:
        case Number():
            return _spoken_name(leaf)
        case Symbol(_, value, _, is_given):
            return _spoken_value(value, None if is_given else digits)
        case Rest(_, value):
            return _spoken_value(value, digits)


def _spoken_value(value: float, digits: int | None) -> str:
    numeral = write_number(value, digits)
    return "infinity" if numeral.digits == "∞" else numeral.digits
