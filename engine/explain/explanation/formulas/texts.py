"""Formulas as texts, with the results that the training computed."""

import math
from collections.abc import Iterator
from contextlib import suppress

from engine.explain.explanation.values import FormulaText
from engine.explain.formulas import Formula, to_latex, to_mathml, to_speech
from engine.numerics.norms import finite_or_none


def until_overflow(formulas: Iterator[FormulaText]) -> tuple[FormulaText, ...]:
    """Return the formulas before the first one whose numbers are too large for double precision."""
    found: list[FormulaText] = []
    with suppress(OverflowError):
        for formula in formulas:
            found.append(formula)  # noqa: PERF402 - those before an exception are kept
    return tuple(found)


def write_formula(of: str, formula: Formula, value: float | None = None) -> FormulaText:
    """Return a formula as texts.

    Args:
        of: the quantity, such as `delta`.
        formula: its formula.
        value: the result that the training computed, in its own precision; None for that of the
            formula, computed in double precision.
    """
    if value is not None and math.isfinite(value):
        formula = formula.with_value(value)
    return FormulaText(
        of=of,
        value=finite_or_none(formula.value),
        latex=to_latex(formula),
        mathml=to_mathml(formula),
        speech=to_speech(formula),
    )
