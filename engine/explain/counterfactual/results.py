"""Results of a counterfactual step."""

from dataclasses import dataclass
from typing import Literal

StateKept = Literal["kept", "partly_kept", "new"]


@dataclass(frozen=True)
class UpdateSummary:
    """One update of all trained parameters.

    Attributes:
        learning_rate: η of the step.
        rows: rows of its batch.
        loss: its own loss of its own batch before the update; None if it is not finite.
        gradient_norm: ‖g‖ of the objective before clipping; None if there is none or it is not
            finite.
        clipped_norm: ‖g‖ after clipping.
        update_norm: ‖w after − w before‖; None if the step diverged.
        diverged_in: name of the layer in which a value is not finite; None if all are.
    """

    learning_rate: float
    rows: int
    loss: float | None
    gradient_norm: float | None
    clipped_norm: float | None
    update_norm: float | None
    diverged_in: str | None


@dataclass(frozen=True)
class Losses:
    """A loss of the same rows, in the same mode; None where it is not finite.

    Attributes:
        before: with the weights before the step.
        actual: after the step as it was.
        changed: after the changed step.
    """

    before: float | None
    actual: float | None
    changed: float | None


@dataclass(frozen=True)
class RowOutputs:
    """Loss and outputs of one row with the three sets of weights.

    Attributes:
        index: position of the row in its batch.
        losses: loss of the row, not weighted.
        before: activation(logits) with the weights before the step.
        actual: those after the step as it was.
        changed: those after the changed step.
    """

    index: int
    losses: Losses
    before: tuple[float | None, ...]
    actual: tuple[float | None, ...]
    changed: tuple[float | None, ...]


@dataclass(frozen=True)
class BatchComparison:
    """Losses and outputs of the same rows with the three sets of weights.

    All are computed in training mode, with the dropout masks of the step.

    Attributes:
        rows: number of rows.
        losses: the loss of the training, without penalties.
        changed_losses: the changed loss; None if the loss is that of the training.
        outputs: the first rows, by the loss of the training.
        left_out: number of rows that `outputs` lacks.
    """

    rows: int
    losses: Losses
    changed_losses: Losses | None
    outputs: tuple[RowOutputs, ...]
    left_out: int


@dataclass(frozen=True)
class Counterfactual:
    """A step as it was beside the same step with something changed.

    Attributes:
        changed_fields: names of what was changed.
        optimizer_state: whether the changed step began with the optimizer's state: kept;
            partly_kept if some of its arrays are new, and zero; new if all are.
        actual: the update as it was.
        changed: the changed update.
        cosine: cosine of the angle between both updates; None if one of them is zero or diverged.
        batch: comparison on the batch of the step.
        other_batch: comparison on the batch of the changed step; None if it is the same.
    """

    changed_fields: tuple[str, ...]
    optimizer_state: StateKept
    actual: UpdateSummary
    changed: UpdateSummary
    cosine: float | None
    batch: BatchComparison
    other_batch: BatchComparison | None
