"""Formulas of activation functions, of their slopes and of δ."""

from engine.explain.formulas.activations.deltas import delta, softmax_delta
from engine.explain.formulas.activations.slopes import slope, slope_expression
from engine.explain.formulas.activations.values import activation, softmax

__all__ = ["activation", "delta", "slope", "slope_expression", "softmax", "softmax_delta"]
