"""The lines of a formula: with symbols, with numbers, and the result."""

from collections.abc import Iterator

from engine.explain.formulas.evaluate import holding_branch
from engine.explain.formulas.expression import Branch, Cases, Expression, children
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.rendering.arrange import Arranger
from engine.explain.formulas.rendering.layout import Layout, Operator, Row, Words
from engine.explain.formulas.rendering.names import write_name


def lines_of(formula: Formula, digits: int | None) -> tuple[Layout, list[Layout]]:
    """Return the left side and the right sides, one per line.

    A line that would repeat the next one is left out.
    """
    symbols = Arranger(with_numbers=False, digits=digits)
    numbers = Arranger(with_numbers=True, digits=digits)
    values = numbers.arrange(formula.expression)
    result = numbers.number(formula.left)
    lines = [symbols.arrange(formula.expression)]
    if values not in {result, lines[0]}:
        lines.append(_with_conditions(values, formula.expression, numbers))
    if result != lines[0]:
        is_branch = values == result
        lines.append(_with_conditions(result, formula.expression, numbers) if is_branch else result)
    return write_name(formula.left.name), lines


def abbreviations_of(formula: Formula, digits: int | None) -> list[tuple[Layout, Layout]]:
    """Return left and right side of each formula that defines an abbreviation, on one line."""
    rows = []
    for part in formula.where:
        left, lines = lines_of(part, digits)
        items = [lines[0]]
        for line in lines[1:]:
            items += [Operator("="), line]
        rows += [(left, Row(tuple(items))), *abbreviations_of(part, digits)]
    return rows


def holding_branches(expression: Expression) -> Iterator[Branch]:
    """Yield the branches that hold, of the piecewise functions that the value depends on."""
    if isinstance(expression, Cases):
        branch = holding_branch(expression)
        if branch is not None:
            yield branch
            yield from holding_branches(branch.value)
        return
    for part in children(expression):
        yield from holding_branches(part)


def _with_conditions(values: Layout, expression: Expression, numbers: Arranger) -> Layout:
    """Append `since …` for each piecewise function."""
    items = [values]
    for branch in holding_branches(expression):
        items += [Operator(","), Words("since"), numbers.conditions(branch.conditions)]
    return values if len(items) == 1 else Row(tuple(items))
