"""Formulas as LaTeX, MathML and spoken sentences."""

from engine.explain.formulas.rendering.latex import to_latex
from engine.explain.formulas.rendering.mathml import to_mathml
from engine.explain.formulas.rendering.speech import to_speech

__all__ = ["to_latex", "to_mathml", "to_speech"]
