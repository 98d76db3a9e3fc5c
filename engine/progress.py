"""How far a training has come, and how it did: numbers that survive in JSON."""

from dataclasses import dataclass, field
from typing import Literal

StopReason = Literal["completed", "early_stopping"]


@dataclass(frozen=True)
class EpochRecord:
    """What there is to say of a finished epoch. No number in it is NaN or infinite.

    Attributes:
        epoch: zero-based.
        loss: mean over the training rows, as each was seen during the epoch.
        validation_loss: mean over the validation rows at the epoch's end; None without any.
        metrics: `accuracy`, or `rmse`, `mae` (in the target's unit) and `r2`; the same with the
            prefix `validation_`. An undefined one is left out.
        learning_rate: of the epoch's last step.
        gradient_norm: Euclidean length of the epoch's last gradient.
        steps: steps done so far, over all epochs.
    """

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, float]
    learning_rate: float
    gradient_norm: float
    steps: int

    def values(self) -> dict[str, float]:
        """Losses and metrics by name."""
        values = {"loss": self.loss, **self.metrics}
        if self.validation_loss is not None:
            values["validation_loss"] = self.validation_loss
        return values


@dataclass
class Progress:
    """Where a training is; the numbers of its state.

    Attributes:
        epoch: epochs finished.
        step: steps done in the epoch under way.
        steps_done: steps done over all epochs.
        best: losses and metrics of the best epoch.
        epochs_since_best: epochs finished after it.
        reason: why training ended; None while it goes on.
        sums: of the epoch under way, see `Tally`.
    """

    epoch: int = 0
    step: int = 0
    steps_done: int = 0
    best: dict[str, float] | None = None
    epochs_since_best: int = 0
    reason: StopReason | None = None
    sums: dict[str, float] = field(default_factory=dict)

    def note(self, record: EpochRecord, metric: str, min_delta: float) -> bool:
        """Count a finished epoch; whether it is the best so far by that metric, lower is better."""
        values = record.values()
        self.epoch += 1
        self.step = 0
        if self.best is None or values[metric] < self.best[metric] - min_delta:
            self.best = values
            self.epochs_since_best = 0
            return True
        self.epochs_since_best += 1
        return False
