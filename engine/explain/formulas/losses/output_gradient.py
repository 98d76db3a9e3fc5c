"""Formulas of ∂L/∂ŷ, the gradient of losses of the error at the outputs."""

from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.losses.error_terms import ErrorLossSpec, error_slope
from engine.explain.formulas.losses.output_row import OutputRow, Share, scale
from engine.explain.formulas.quantities import LOSS
from engine.explain.formulas.symbols import derivative


def output_gradient(
    spec: ErrorLossSpec, row: OutputRow, index: int, share: Share | None = None
) -> Formula:
    """∂L/∂ŷ_k = w / B · ρ′(ŷ_k − y_k), for losses of the error.

    Args:
        spec: the loss.
        row: outputs and targets of the row.
        index: the index k of the output.
        share: the row's share of the batch's loss; None for the gradient of the row's own loss.
    """
    expression, where = error_slope(spec, row, index)
    factors = () if share is None else share.factors()
    return define(derivative(LOSS, row.predicted(index)), scale(factors, expression), *where)
