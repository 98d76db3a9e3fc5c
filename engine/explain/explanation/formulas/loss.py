"""Formulas of the loss: of the batch, and of one row."""

from collections.abc import Iterator

from engine.explain.explanation.formulas.texts import until_overflow, write_formula
from engine.explain.explanation.values import FormulaText
from engine.explain.explanation.view import StepView
from engine.explain.formulas.losses import OutputRow, Share, batch_loss, row_loss


def loss_formulas(view: StepView) -> tuple[FormulaText, ...]:
    """Return the formulas of the batch's loss and of the row's; none for a step that diverges."""
    trace, row = view.trace, view.formula_row
    if view.options.formulas == "none" or trace.output_gradient is None or row is None:
        return ()
    return until_overflow(_loss_formulas(view, row))


def _loss_formulas(view: StepView, row: int) -> Iterator[FormulaText]:
    trace = view.trace
    value = float(trace.row_losses[trace.kept[row]])
    for one in row_loss(trace.inputs.spec.loss, output_row(view, row)):
        yield write_formula("row_loss", one, value)
    weights = trace.inputs.batch.weights
    whole = batch_loss(trace.row_losses.tolist(), None if weights is None else weights.tolist())
    yield write_formula("loss", whole, trace.loss)


def output_row(view: StepView, row: int) -> OutputRow:
    """Return the logits, outputs and target of a kept row."""
    trace = view.trace
    logits = view.groups["output"].z.rows[row].reshape(-1).tolist()
    target = trace.inputs.batch.y[trace.kept[row]]
    return OutputRow(
        activation=trace.inputs.spec.network.output.activation,
        logits=logits,
        outputs=trace.outputs.rows[row].reshape(-1).tolist(),
        target=int(target) if target.ndim == 0 else target.reshape(-1).tolist(),
    )


def share_of_row(view: StepView, row: int) -> Share:
    """Return the share of a kept row in the loss of the batch."""
    weights = view.trace.inputs.batch.weights
    position = view.trace.kept[row]
    return Share(view.trace.rows, None if weights is None else float(weights[position]))
