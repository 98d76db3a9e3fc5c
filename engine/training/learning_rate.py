"""A lower learning rate for a training that diverged, found by trying."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from engine.errors import DivergenceError
from engine.metrics import Metric
from engine.training.loss_sample import LossChange
from engine.training.progress import EpochRecord, StopReason

# Each trial divides the rate by ten, so the last one is 10⁻¹⁶ of the original.
MAX_TRIALS = 16
# A trial takes twice the steps of the original training, and at least this many more.
LEAST_MORE_STEPS = 2000
# Worse rates in turn after which no lower one is tried: one may be worse by chance.
MAX_WORSE = 2

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

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended."""
        ...

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch rather than the latest."""
        ...

    def loss_change(self, recorded: float | None) -> LossChange:
        """Return the loss before the first step and now."""
        ...

    def restart(self, learning_rate: float) -> None:
        """Begin again from the initial weights with another learning rate."""
        ...

    def run_epoch(
        self, stop: Callable[[], bool], abandon: Callable[[], bool]
    ) -> EpochRecord | None:
        """Complete the current epoch; None if it was stopped earlier. Raises DivergenceError."""
        ...


@dataclass(frozen=True)
class TrialLosses:
    """Losses of a trial with the weights that it returns.

    Attributes:
        change: loss before the first step and at the end.
        validation: validation loss; None without validation rows or a completed epoch.
    """

    change: LossChange
    validation: float | None

    @property
    def score(self) -> float:
        """The loss by which trials are compared."""
        return self.change.highest if self.validation is None else self.validation


@dataclass(frozen=True)
class RateSearch:
    """Result of a search for a learning rate.

    Attributes:
        ending: found; none_found after MAX_TRIALS; interrupted by the caller's `stop`; hopeless if
            the first loss, before any step, is not finite.
        trials: completed trials until the rate was found.
        rate: the rate that was found, else the lowest that was tried without success; None if none
            was tried.
        steps: steps of the successful trial.
        losses: losses of the successful trial.
    """

    ending: Ending
    trials: int = 0
    rate: float | None = None
    steps: int = 0
    losses: TrialLosses | None = None

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
                    f"from the same weights, and of the rates tried it ended best{self._losses}"
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
        if self.losses is None or self.losses.change.start is None:
            return ""
        change, validation = self.losses.change, self.losses.validation
        held_out = "" if validation is None else f", with a validation loss of {validation:.4g}"
        return f"; the loss went from {change.start:.4g} to {change.highest:.4g}{held_out}"

    @property
    def score(self) -> float:
        """The loss by which trials are compared; infinite without success."""
        return math.inf if self.losses is None else self.losses.score


def search_learning_rate(training: Restartable, stop: Callable[[], bool]) -> RateSearch:
    """Try a tenth of the learning rate, a hundredth, …, and return the one that trains best.

    A rate trains if, from the same weights and with the same rows and seed, no value becomes
    infinite or NaN, the loss ends at most where it began, and the validation loss has not exploded.
    Lower rates are tried until MAX_WORSE in turn are not better; the best one has the lowest
    validation loss, or the lowest training loss if no rows are held out. A trial has twice the
    steps of the training, at least LEAST_MORE_STEPS more, and at most the spec's.

    Args:
        training: the training that diverged, or ended with too high a loss. Afterwards it is that
            of the last trial: only its memory is reused.
        stop: called before and within each step; True ends the search with the best rate so far.
    """
    steps, rate = training.steps_done, training.learning_rate
    if not steps:
        return RateSearch("hopeless")
    steps = max(2 * steps, steps + LEAST_MORE_STEPS)
    best, worse, lowest = None, 0, None
    for trial in range(1, MAX_TRIALS + 1):
        # Rounded: 1000 / 10⁷ is to be 0.0001 in the client's JSON.
        lower = float(f"{rate / 10**trial:.6g}")
        training.restart(lower)
        outcome = _try(training, steps, stop)
        if outcome == "interrupted":
            return best or RateSearch("interrupted", trial - 1, lowest)
        lowest = lower
        if outcome is not None and (best is None or outcome.score < best.score):
            best, worse = RateSearch("found", trial, lower, training.steps_done, outcome), 0
        elif best is not None:
            worse += 1
        if worse == MAX_WORSE:
            break
    return best or RateSearch("none_found", MAX_TRIALS, lowest)


def _try(
    training: Restartable, steps: int, stop: Callable[[], bool]
) -> TrialLosses | Literal["interrupted"] | None:
    """Train for at most that many steps; return the losses, None without success."""
    is_stopped = False

    def must_end() -> bool:
        nonlocal is_stopped
        is_stopped = is_stopped or stop()
        return is_stopped

    def should_stop() -> bool:
        return must_end() or training.steps_done >= steps

    records: list[EpochRecord] = []
    try:
        while training.reason is None:
            record = training.run_epoch(should_stop, must_end)
            if record is None:
                break
            records = [*records[:1], record]
    except DivergenceError:
        return None
    if is_stopped:
        return "interrupted"
    values = training.best if training.keeps_best and training.best else None
    if values is None and records:
        values = records[-1].values()
    change = training.loss_change(_number(values, "loss"))
    validation = _number(values, "validation_loss")
    has_fallen = not records or records[-1].loss <= records[0].loss
    if not has_fallen or not change.is_decrease or change.has_exploded(validation):
        return None
    return TrialLosses(change, validation)


def _number(values: Mapping[str, Metric] | None, name: str) -> float | None:
    value = None if values is None else values.get(name)
    return value if isinstance(value, float) else None
