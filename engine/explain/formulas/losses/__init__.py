"""Formulas of losses, of one row and of a batch, and of their gradients at the logits."""

from engine.explain.formulas.losses.batch_loss import batch_loss
from engine.explain.formulas.losses.logit_gradient import logit_gradient
from engine.explain.formulas.losses.output_gradient import output_gradient
from engine.explain.formulas.losses.output_row import OutputRow, Share, prediction
from engine.explain.formulas.losses.row_loss import row_loss

__all__ = [
    "OutputRow",
    "Share",
    "batch_loss",
    "logit_gradient",
    "output_gradient",
    "prediction",
    "row_loss",
]
