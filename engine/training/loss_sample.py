"""The loss on a sample of the training rows, before the first step and later."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.data.split_arrays import SplitArrays
from engine.network import Network
from engine.numerics.norms import finite_or_none
from engine.training.stopping import StepAbandonedError, never
from engine.training.train_step import TrainStep

# Enough rows that a rise of the loss is not one of the sample, few enough to cost no time.
SAMPLE_ROWS = 256
# A validation loss beyond this multiple of the initial loss is more than overfitting.
_EXPLODED = 10


@dataclass(frozen=True)
class LossChange:
    """The mean loss on the same training rows before the first step, and with the final weights.

    Attributes:
        start: with the initial weights, in training mode; None if it was not finite.
        end: with the weights that the training returns, in inference mode; it may not be finite.
        recorded: mean over the epoch of these weights, as recorded; None if the sample lacks rows.
    """

    start: float | None
    end: float
    recorded: float | None = None

    @property
    def is_decrease(self) -> bool:
        """Whether the loss is at most that of the start."""
        if self.start is None:
            return math.isfinite(self.end)
        return self.end <= self.start and not self.is_far_above

    @property
    def is_far_above(self) -> bool:
        """Whether the loss, at the end or in the epoch, exceeds the start by more than its size.

        An optimizer that oscillates may end where it began. Losses may be negative, so that a ratio
        would have no meaning.
        """
        if self.start is None:
            return False
        return not self.highest - self.start <= abs(self.start)

    def has_exploded(self, validation: float | None) -> bool:
        """Return whether a validation loss exceeds the start by a multiple of the start's size."""
        if self.start is None or validation is None:
            return False
        return not validation - self.start <= (_EXPLODED - 1) * abs(self.start)

    @property
    def highest(self) -> float:
        """The higher one of the losses after the start; NaN if one is."""
        return self.end if self.recorded is None else float(np.maximum(self.end, self.recorded))


class LossSample:
    """Evaluates the loss on at most SAMPLE_ROWS training rows at equal distances.

    Args:
        step: network and loss; used between two steps.
        split: the training rows.
        rows_at_once: rows per evaluation, for which the network has workspaces.
    """

    def __init__(self, step: TrainStep, split: SplitArrays, rows_at_once: int) -> None:
        self._network: Network = step.network
        self._loss = step.loss
        self._least_long_rows = step.passes.least_long_rows
        self._split = split
        count = min(len(split), SAMPLE_ROWS)
        self._rows = np.linspace(0, len(split) - 1, count).astype(np.intp)
        self._rows_at_once = rows_at_once

    @property
    def is_whole(self) -> bool:
        """Whether the sample has all training rows."""
        return len(self._rows) == len(self._split)

    def at_start(self, abandon: Callable[[], bool] = never) -> float | None:
        """Return the loss in training mode, leaving running statistics as they were.

        Inference mode would use the initial running statistics, which are not those of any rows.
        Returns None if it is not finite.

        Args:
            abandon: asked before each chunk of a long evaluation; True ends it by
                StepAbandonedError.
        """
        network = self._network
        states = network.copy_states()
        network.begin_step(0)
        try:
            return finite_or_none(self._mean_loss(abandon, is_training=True))
        finally:
            network.load_states(states)

    def now(self) -> float:
        """Return the loss in inference mode; it may not be finite."""
        return self._mean_loss(never, is_training=False)

    def _mean_loss(self, abandon: Callable[[], bool], *, is_training: bool) -> float:
        is_long = len(self._rows) >= self._least_long_rows
        run = self._network.forward if is_training else self._network.predict
        total = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(self._rows), self._rows_at_once):
                if is_long and abandon():
                    raise StepAbandonedError
                rows = self._rows[start : start + self._rows_at_once]
                batch = self._split.take(rows)
                loss = self._loss.forward(run(batch.x), batch.y, batch.weights)
                total += len(rows) * loss
        return total / len(self._rows)
