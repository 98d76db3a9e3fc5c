"""Records of epochs and of training progress; serializable as JSON."""

from dataclasses import dataclass, field
from typing import Literal

from engine.metrics import Metric
from engine.training.layer_diagnostics import LayerStats

StopReason = Literal["completed", "early_stopping", "target_value", "time_budget"]


@dataclass(frozen=True)
class EpochRecord:
    """Results of a completed epoch. All numbers are finite.

    Attributes:
        epoch: zero-based.
        loss: mean over the training rows, as each was seen during the epoch; without penalties.
        validation_loss: mean over the validation rows at the epoch's end; None without any.
        metrics: those that were asked for, of the training rows as each was seen; the same with
            the prefix `validation_`; and `penalty`, what l1 and l2 add to the loss, if there is
            any. One that is undefined or not finite is left out.
        learning_rate: of the epoch's last step.
        gradient_norm: Euclidean length of the epoch's last gradient, before it was clipped; None
            where that is infinite or NaN, though the weights are finite after the step.
        steps: steps done so far, over all epochs.
        layers: how each layer is doing.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, Metric]
    learning_rate: float
    gradient_norm: float | None
    steps: int
    layers: tuple[LayerStats, ...]

    def values(self) -> dict[str, Metric]:
        """Return losses and metrics by name."""
        values: dict[str, Metric] = {"loss": self.loss, **self.metrics}
        if self.validation_loss is not None:
            values["validation_loss"] = self.validation_loss
        return values


@dataclass
class Progress:
    """The position in a training; part of its stored state.

    Attributes:
        epoch: completed epochs.
        step: completed steps of the current epoch.
        steps_done: completed steps over all epochs.
        best: losses and metrics of the best epoch.
        epochs_since_best: epochs finished after it.
        reason: why training ended; None while it goes on.
        sums: of the epoch under way, see `Tally`. In a state, one that is not finite is a text.
        schedule: what the learning rate's schedule remembers.
    """

    epoch: int = 0
    step: int = 0
    steps_done: int = 0
    best: dict[str, Metric] | None = None
    epochs_since_best: int = 0
    reason: StopReason | None = None
    sums: dict[str, float] = field(default_factory=dict)
    schedule: dict[str, float] = field(default_factory=dict)
