"""Records of epochs and of training progress; serializable as JSON."""

from dataclasses import dataclass, field
from typing import Literal

from engine.metrics import Metric
from engine.training.layer_diagnostics import LayerStats

StopReason = Literal["completed", "early_stopping", "target_value", "time_budget", "finding"]


@dataclass(frozen=True)
class EpochRecord:
    """Results of a completed epoch. All numbers are finite.

    Attributes:
        epoch: zero-based index.
        loss: mean over the training rows, accumulated during the epoch; without penalties.
        validation_loss: mean over the validation rows at the epoch's end; None without such rows.
        metrics: selected metrics of the training rows, accumulated during the epoch; those of the
            validation rows with the prefix `validation_`; and `penalty`, the l1 and l2 terms, if
            there are any. Undefined and non-finite metrics are omitted.
        learning_rate: learning rate of the epoch's last step.
        gradient_norm: Euclidean norm of the gradient of the objective (loss and penalties) in the
            epoch's last step, before clipping: √Σ norm² over the layers. None if it is infinite or
            NaN (the weights may still be finite).
        steps: completed steps over all epochs.
        layers: diagnostics of each layer that is trained or has units that can die or saturate.
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


@dataclass(frozen=True)
class LastStep:
    """The part of an epoch's record that is of its last step. All numbers are finite.

    Attributes:
        learning_rate: learning rate of the step.
        gradient_norm: norm of its gradient; None if it is not finite.
        layers: diagnostics of the layers.
    """

    learning_rate: float
    gradient_norm: float | None
    layers: tuple[LayerStats, ...]


@dataclass
class EarlierEpochs:
    """A summary of earlier epochs for the diagnosis rules; of bounded size.

    Attributes:
        streaks: number of consecutive latest epochs in which a rule's condition held, by the code
            and the pointer of its finding, separated by a space.
        losses: losses of the latest epochs, oldest first.
        first_loss: loss of epoch 0.
        first_norm: gradient norm of epoch 0; None if it was not finite.
        first_validation_loss: validation loss of epoch 0.
        best_validation_loss: lowest validation loss so far.
        loss_at_best: training loss of the epoch with the lowest validation loss.
    """

    streaks: dict[str, int] = field(default_factory=dict)
    losses: list[float] = field(default_factory=list)
    first_loss: float | None = None
    first_norm: float | None = None
    first_validation_loss: float | None = None
    best_validation_loss: float | None = None
    loss_at_best: float | None = None


@dataclass
class Progress:
    """The position in a training; part of its stored state.

    Attributes:
        epoch: completed epochs.
        step: completed steps of the current epoch.
        steps_done: completed steps over all epochs.
        best: losses and metrics of the best epoch.
        epochs_since_best: epochs completed after the best one.
        reason: why training ended; None while it continues.
        sums: sums of the current epoch, see `MetricAccumulator`; in a stored state, non-finite
            sums are strings.
        schedule: state of the learning-rate schedule.
        loss_at_start: loss on a sample of the training rows with the initial weights, see
            `LossSample`; None if it is not finite, or unknown.
        earlier: what the diagnosis rules need of the completed epochs.
        restores: number of returns to an earlier epoch's end after a divergence.
        last_step: the epoch's last step, while its validation is not complete.
    """

    epoch: int = 0
    step: int = 0
    steps_done: int = 0
    best: dict[str, Metric] | None = None
    epochs_since_best: int = 0
    reason: StopReason | None = None
    sums: dict[str, float] = field(default_factory=dict)
    schedule: dict[str, float] = field(default_factory=dict)
    loss_at_start: float | None = None
    earlier: EarlierEpochs = field(default_factory=EarlierEpochs)
    restores: int = 0
    last_step: LastStep | None = None
