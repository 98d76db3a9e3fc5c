"""A lower learning rate for a training that diverged, found by trying."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.errors import DivergenceError
from engine.training.loss_sample import LossChange
from engine.training.progress import EpochRecord, StopReason

# Each trial divides the rate by ten, so the last one is 10⁻¹⁶ of the original.
MAX_TRIALS = 16
# A trial takes twice the steps of the original training, and at least this many more.
LEAST_MORE_STEPS = 2000

Ending = Literal["found", "none_found", "interrupted", "hopeless"]


class Restartable(Protocol):
    """A training that can begin again, see `Training`."""

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate; schedules are relative to it."""
        ...

    @property
    def steps_done(self) -> int:
        """Completed steps."""
        ...

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it is running."""
        ...

    def loss_change(self, recorded: float | None) -> LossChange:
        """Return the loss before the first step and now."""
        ...

    def restart(self, learning_rate: float) -> None:
        """Begin again from the initial weights with another learning rate."""
        ...

    def run_epoch(self, stop: Callable[[], bool]) -> EpochRecord | None:
        """Complete the current epoch; None if `stop` ended it earlier. Raises DivergenceError."""
        ...


@dataclass(frozen=True)
class RateSearch:
    """Result of a search for a learning rate.

    Attributes:
        ending: found; none_found after MAX_TRIALS; interrupted by the caller's `stop`; hopeless if
            the first loss, before any step, is not finite.
        trials: completed trials.
        rate: the rate that was found, else the lowest that was tried without success; None if none
            was tried.
        steps: steps of the successful trial.
        change: loss of the successful trial before its first step and at its end.
    """

    ending: Ending
    trials: int = 0
    rate: float | None = None
    steps: int = 0
    change: LossChange | None = None

    @property
    def found(self) -> float | None:
        """The rate that trains; None if none was found."""
        return self.rate if self.ending == "found" else None

    @property
    def advice(self) -> str:
        """The result as advice for a person."""
        other = "scale the inputs and the target, or clip the gradients (gradient_clip)"
        match self.ending:
            case "found":
                return (
                    f"a learning rate of {self.rate:g} trains: it was tried for {self.steps} steps "
                    f"from the same weights{self._losses}"
                )
            case "none_found":
                return f"learning rates down to {self.rate:g} were tried without success: {other}"
            case "interrupted" if self.rate is None:
                return f"a lower learning rate was not tried for lack of time: lower it, {other}"
            case "interrupted":
                return (
                    f"learning rates down to {self.rate:g} were tried without success, and lower "
                    f"ones not for lack of time: lower it further, {other}"
                )
            case "hopeless":
                return f"the loss of the initial weights is not finite: {other}"

    @property
    def _losses(self) -> str:
        change = self.change
        if change is None or change.start is None:
            return ""
        return f", and the loss went from {change.start:.4g} to {change.end:.4g}"


def search_learning_rate(training: Restartable, stop: Callable[[], bool]) -> RateSearch:
    """Try a tenth of the learning rate, a hundredth, …, until one trains.

    A rate trains if, from the same weights and with the same rows and seed, no value becomes
    infinite or NaN, and the loss ends at most where it began. A trial has twice the steps of the
    training, at least LEAST_MORE_STEPS more, and at most the spec's.

    Args:
        training: the training that diverged, or ended with too high a loss. Afterwards it is that
            of the last trial: only its memory is reused.
        stop: called before each step; True ends the search.
    """
    steps, rate = training.steps_done, training.learning_rate
    if not steps:
        return RateSearch("hopeless")
    steps = max(2 * steps, steps + LEAST_MORE_STEPS)
    found = RateSearch("none_found")
    for trial in range(1, MAX_TRIALS + 1):
        # Rounded: 1000 / 10⁷ is to be 0.0001 in the client's JSON.
        lower = float(f"{rate / 10**trial:.6g}")
        training.restart(lower)
        change = _try(training, steps, stop)
        if change == "interrupted":
            return RateSearch("interrupted", found.trials, found.rate)
        if change is not None:
            return RateSearch("found", trial, lower, training.steps_done, change)
        found = RateSearch("none_found", trial, lower)
    return found


def _try(
    training: Restartable, steps: int, stop: Callable[[], bool]
) -> LossChange | Literal["interrupted"] | None:
    """Train for at most that many steps; return the change of the loss, None without success."""
    is_stopped = False

    def should_stop() -> bool:
        nonlocal is_stopped
        is_stopped = stop()
        return is_stopped or training.steps_done >= steps

    records: list[EpochRecord] = []
    try:
        while training.reason is None:
            record = training.run_epoch(should_stop)
            if record is None:
                break
            records = [*records[:1], record]
    except DivergenceError:
        return None
    if is_stopped:
        return "interrupted"
    change = training.loss_change(records[-1].loss if records else None)
    has_fallen = not records or records[-1].loss <= records[0].loss
    return change if has_fallen and change.is_decrease else None
