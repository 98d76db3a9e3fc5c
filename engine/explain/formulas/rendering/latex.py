"""Formulas in LaTeX."""

from typing import assert_never

from engine.explain.formulas.formula import Formula
from engine.explain.formulas.rendering.arrange import INVISIBLE_TIMES
from engine.explain.formulas.rendering.layout import (
    Choice,
    Digits,
    Fenced,
    Hat,
    Identifier,
    Layout,
    Operator,
    Quotient,
    Radical,
    Row,
    Scripts,
    Words,
)
from engine.explain.formulas.rendering.lines import abbreviations_of, lines_of

_LETTERS = {
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "η": r"\eta",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "ψ": r"\psi",
}
_FUNCTIONS = {
    "exp": r"\exp",
    "ln": r"\ln",
    "tanh": r"\tanh",
    "cosh": r"\cosh",
    "cos": r"\cos",
    "max": r"\max",
    "min": r"\min",
}
_OPERATORS = {
    "−": "-",
    "·": r"\cdot",
    "∂": r"\partial",
    "≥": r"\ge",
    "≤": r"\le",
    "≠": r"\ne",
    "…": r"\ldots",
    "′": r"\prime",
    INVISIBLE_TIMES: "",
}
_FENCES = {"⌊": r"\lfloor", "⌋": r"\rfloor", "‖": r"\|"}


def to_latex(formula: Formula, digits: int | None = 3) -> str:
    """Return a formula as an `aligned` environment.

    Its lines are those of symbols, numbers and result, then one per abbreviation.
    """
    left, lines = lines_of(formula, digits)
    rows = [("", line) for line in map(write_latex, lines)]
    rows[0] = (write_latex(left), rows[0][1])
    for name, line in abbreviations_of(formula, digits):
        rows.append((write_latex(name), write_latex(line)))
    body = " \\\\\n".join(f"{start} &= {line}".strip() for start, line in rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def write_latex(layout: Layout) -> str:  # noqa: PLR0911, C901 - one case per node
    """Return a layout as LaTeX of mathematics mode."""
    match layout:
        case Identifier(text):
            return _identifier(text)
        case Digits(text):
            return r"\infty" if text == "∞" else _digits(text)
        case Operator(text):
            return _OPERATORS.get(text, text)
        case Words(text):
            return rf"\text{{ {_escape(text)} }}"
        case Row(items):
            return " ".join(filter(None, map(write_latex, items)))
        case Fenced(opening, body, closing):
            start, end = (_FENCES.get(fence, fence) for fence in (opening, closing))
            return rf"\left{start} {write_latex(body)} \right{end}"
        case Quotient(above, below):
            return rf"\frac{{{write_latex(above)}}}{{{write_latex(below)}}}"
        case Scripts(base, below, above):
            return _scripts(base, below, above)
        case Hat(base):
            return rf"\hat{{{write_latex(base)}}}"
        case Radical(radicand):
            return rf"\sqrt{{{write_latex(radicand)}}}"
        case Choice(rows):
            return _choice(rows)
        case _:
            assert_never(layout)


def _identifier(text: str) -> str:
    if text in _FUNCTIONS or text in _LETTERS:
        return _FUNCTIONS.get(text) or _LETTERS[text]
    return text if len(text) == 1 else rf"\operatorname{{{_escape(text)}}}"


def _digits(text: str) -> str:
    return r"\text{NaN}" if text == "NaN" else text.replace(",", "{,}")


def _scripts(base: Layout, below: Layout | None, above: Layout | None) -> str:
    text = write_latex(base)
    if below is not None:
        text += f"_{{{write_latex(below)}}}"
    return text if above is None else f"{text}^{{{write_latex(above)}}}"


def _choice(rows: tuple[tuple[Layout, Layout], ...]) -> str:
    lines = (rf"{write_latex(value)} & \text{{if }} {write_latex(when)}" for value, when in rows)
    body = r" \\ ".join(lines)
    return rf"\begin{{cases}} {body} \end{{cases}}"


def _escape(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "_%&#$" else letter for letter in text)
