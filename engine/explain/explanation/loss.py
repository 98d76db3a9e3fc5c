"""The loss of a traced step as plain values."""

from engine.arrays import Targets
from engine.explain.explanation.formulas.loss import loss_formulas
from engine.explain.explanation.numbers import flat_rows, number, numbers
from engine.explain.explanation.step_values import LossExplanation
from engine.explain.explanation.view import StepView


def explain_loss(view: StepView) -> LossExplanation:
    """Return the loss of the batch, and those of the rows that are shown."""
    trace, shown = view.trace, view.shown
    outputs = flat_rows(trace.outputs.rows)[view.rows]
    return LossExplanation(
        value=number(trace.loss),
        penalty=number(trace.penalty),
        objective=number(trace.loss + trace.penalty),
        after=None if trace.loss_after is None else number(trace.loss_after),
        rows=numbers(trace.row_losses[shown]),
        rows_after=() if trace.row_losses_after is None else numbers(trace.row_losses_after[shown]),
        shares=numbers(trace.shares[shown]),
        outputs=tuple(numbers(row) for row in outputs),
        targets=_plain_targets(trace.inputs.batch.y[shown]),
        formulas=loss_formulas(view),
    )


def _plain_targets(targets: Targets) -> tuple[int | tuple[float | None, ...], ...]:
    if targets.ndim == 1:
        return tuple(int(index) for index in targets)
    return tuple(numbers(row) for row in flat_rows(targets).tolist())
