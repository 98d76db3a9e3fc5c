"""Formulas of a training step: one expression tree with symbols and numbers, and its renderings."""

from engine.explain.formulas.evaluate import evaluate
from engine.explain.formulas.expression import Expression
from engine.explain.formulas.formula import Formula
from engine.explain.formulas.rendering import to_latex, to_mathml, to_speech

__all__ = ["Expression", "Formula", "evaluate", "to_latex", "to_mathml", "to_speech"]
