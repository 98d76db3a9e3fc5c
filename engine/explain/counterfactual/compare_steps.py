"""Compare a step with the same step after a change."""

from engine.data.split_arrays import Batch
from engine.explain.counterfactual.changed_loss import convert_targets
from engine.explain.counterfactual.changed_step import ChangedStep, change_step
from engine.explain.counterfactual.measure import ChangedLoss, Evaluator
from engine.explain.counterfactual.results import BatchComparison, Counterfactual
from engine.explain.counterfactual.update import cosine, take_step
from engine.specs.step_change import StepChange
from engine.training.step_inputs import PARAMETERS, StepInputs

MOST_ROWS = 256


def compare_steps(
    inputs: StepInputs,
    change: StepChange,
    batch: Batch | None = None,
    most_rows: int = MOST_ROWS,
) -> Counterfactual:
    """Compute a step as it was, and with something changed; compare losses, outputs and updates.

    Args:
        inputs: the step; it stays as it is.
        change: what to change; for another `batch_size`, the caller provides the batch.
        batch: other rows, with targets as the loss of the training takes them; None for its own.
        most_rows: rows per batch of which the outputs are returned.

    Raises:
        SpecError: the change does not fit the training, or there is none.
    """
    changed = change_step(inputs, change, batch)
    actual_update, changed_update = take_step(ChangedStep(inputs)), take_step(changed)
    weights = (inputs.arrays[PARAMETERS], actual_update.parameters, changed_update.parameters)
    evaluator = Evaluator(inputs, most_rows)

    def compare(rows: Batch) -> BatchComparison:
        return evaluator.compare(weights, rows, _changed_loss(inputs, changed, rows))

    return Counterfactual(
        changed_fields=(*change.fields, *(() if batch is None or change.batch_size else ("rows",))),
        optimizer_state=changed.optimizer_state,
        actual=actual_update.summary,
        changed=changed_update.summary,
        cosine=cosine(actual_update, changed_update),
        batch=compare(inputs.batch),
        other_batch=None if batch is None else compare(batch),
    )


def _changed_loss(inputs: StepInputs, changed: ChangedStep, rows: Batch) -> ChangedLoss | None:
    before, after = inputs.spec, changed.inputs.spec
    if before.loss == after.loss:
        return None
    return ChangedLoss(after.loss, convert_targets(before, after, inputs.in_features, rows))
