"""Formulas in MathML Core."""

from html import escape
from typing import assert_never

from engine.explain.formulas.formula import Formula
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

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
# Spaces at the ends of `mtext` are dropped unless they do not break.
_SPACE = "\u00a0"
# Classes for style sheets.
_RESULT = ' class="result"'
_WHERE = ' class="where"'


def to_mathml(formula: Formula, digits: int | None = 3) -> str:
    """Return a formula as a table.

    Its lines are those of symbols, numbers and result, then one per abbreviation. Its columns are
    the left side, the equals sign and the right side. The result's cell has the class `result`, the
    lines of abbreviations have the class `where`.
    """
    left, lines = lines_of(formula, digits)
    starts = [write_mathml(left), *[""] * (len(lines) - 1)]
    classes = [*[""] * (len(lines) - 1), _RESULT]
    rows = [_line(*row) for row in zip(starts, lines, classes, strict=True)]
    for name, line in abbreviations_of(formula, digits):
        rows.append(_line(write_mathml(name), line, "", _WHERE))
    return f'<math xmlns="{NAMESPACE}" display="block"><mtable>{"".join(rows)}</mtable></math>'


def _line(start: str, line: Layout, cell_class: str, row_class: str = "") -> str:
    cells = f"<mtd>{start}</mtd><mtd><mo>=</mo></mtd><mtd{cell_class}>{write_mathml(line)}</mtd>"
    return f"<mtr{row_class}>{cells}</mtr>"


def write_mathml(layout: Layout) -> str:  # noqa: PLR0911, C901 - one case per node
    """Return a layout as one MathML element."""
    match layout:
        case Identifier(text):
            return _element("mi", escape(text))
        case Digits(text):
            return _element("mi" if text == "∞" else "mtext" if text == "NaN" else "mn", text)
        case Operator(text):
            return _element("mo", escape(text))
        case Words(text):
            return _element("mtext", _SPACE, escape(text), _SPACE)
        case Row(items):
            return _element("mrow", *map(write_mathml, items))
        case Fenced(opening, body, closing):
            fences = (_element("mo", fence) for fence in (opening, closing))
            start, end = fences
            return _element("mrow", start, write_mathml(body), end)
        case Quotient(above, below):
            return _element("mfrac", write_mathml(above), write_mathml(below))
        case Scripts(base, below, above):
            return _scripts(base, below, above)
        case Hat(base):
            return f'<mover accent="true">{write_mathml(base)}<mo>^</mo></mover>'
        case Radical(radicand):
            return _element("msqrt", write_mathml(radicand))
        case Choice(rows):
            return _choice(rows)
        case _:
            assert_never(layout)


def _scripts(base: Layout, below: Layout | None, above: Layout | None) -> str:
    parts = [write_mathml(part) for part in (base, below, above) if part is not None]
    return _element("msubsup" if len(parts) == 3 else "msup" if below is None else "msub", *parts)


def _choice(rows: tuple[tuple[Layout, Layout], ...]) -> str:
    cells = (
        f"<mtr><mtd>{write_mathml(value)}</mtd>"
        f"<mtd><mrow><mtext>if{_SPACE}</mtext>{write_mathml(when)}</mrow></mtd></mtr>"
        for value, when in rows
    )
    return _element("mrow", "<mo>{</mo>", _element("mtable", *cells))


def _element(tag: str, *content: str) -> str:
    return f"<{tag}>{''.join(content)}</{tag}>"
