"""Whether the network can learn one small batch by heart."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.health_checks.batch_floor import BatchFloor, find_floor
from engine.health_checks.training_start import TrainingStart, run_step
from engine.health_checks.unregularized import unregularized
from engine.health_checks.verdict import OUT_OF_TIME, Verdict
from engine.numerics.norms import finite_or_none
from engine.training.loop import never
from engine.training.progress import Progress

MOST_ROWS = 32
# Measured on 60 small trainings: those that can learn a batch do so within 250 steps at 10 or 100
# times the default learning rate of their optimizer.
MOST_STEPS = 300
# Multiples of the learning rate that are tried in turn after the rate itself: where it has not
# lowered the loss, and where it has.
LOWER_RATES, HIGHER_RATES = (0.1, 0.01, 1e-3, 1e-4), (10.0, 100.0, 0.1)
# Share of the distance from the initial loss to the lowest one that may remain.
REMAINING = 0.1
_SCALE = "scale the inputs and the target"


@dataclass(frozen=True)
class OverfitBatchCheck:
    """Result of training on one batch, without dropout, penalties, label smoothing and schedule.

    Attributes:
        verdict: passed if the loss reaches the goal at the spec's learning rate, or at 10 or 100
            times as much; warning if it does so only at a lower rate, if there are conflicting rows
            and it does not, or if most rows are; failed if it does so at none of the rates.
        detail: the result, and the remedy.
        rows: rows of the batch, at equal distances among the training rows.
        conflicting_rows: those with the inputs of another row, and another target.
        initial_loss: loss before the first step; None if it is not finite.
        lowest_loss: loss below which no network can come, more than 0 for conflicting rows.
        goal: lowest_loss + 0.1 · (initial_loss − lowest_loss).
        final_loss: loss at the end of the reported trial; None if it is not finite.
        steps: steps of the reported trial: until the goal, at most 300.
        learning_rate: learning rate of the reported trial: the first that reached the goal, else
            the one that ended lowest.
        name: the check.
    """

    verdict: Verdict
    detail: str
    rows: int = 0
    conflicting_rows: int = 0
    initial_loss: float | None = None
    lowest_loss: float | None = None
    goal: float | None = None
    final_loss: float | None = None
    steps: int | None = None
    learning_rate: float | None = None
    name: Literal["overfit_one_batch"] = "overfit_one_batch"


@dataclass(frozen=True)
class _Trial:
    """A training on the batch; the losses of `steps` steps, and the loss after them."""

    rate: float
    initial: float
    final: float
    goal: float
    steps: int

    @property
    def has_reached(self) -> bool:
        return self.final <= self.goal

    @property
    def has_risen(self) -> bool:
        return not self.final < self.initial


def check_overfit_batch(
    start: TrainingStart, stop: Callable[[], bool] = never
) -> OverfitBatchCheck:
    """Train on at most 32 rows until the loss has fallen by nine tenths of what is possible.

    All rows have the same weight.

    Args:
        start: spec, data and weights.
        stop: called before each step; True ends the check without a verdict.
    """
    batch = Batch(*start.sample(MOST_ROWS)[:2])
    floor = find_floor(unregularized(start.spec, 1.0).loss, start.output, batch)
    trials: list[_Trial] = []
    factors = [1.0]
    while factors and not (trials and trials[-1].has_reached):
        trial = _train(start, batch, factors.pop(0), floor.loss, stop)
        if trial is None:
            return OverfitBatchCheck("not_applicable", OUT_OF_TIME)
        if not trials:
            factors += LOWER_RATES if trial.has_risen else HIGHER_RATES
        trials.append(trial)
    return _report(start, trials, len(batch.x), floor)


def _train(
    start: TrainingStart, batch: Batch, factor: float, lowest: float, stop: Callable[[], bool]
) -> _Trial | None:
    """Train at a multiple of the learning rate; None if `stop` ended it."""
    rate = float(f"{start.spec.optimizer.learning_rate * factor:.6g}")
    step, progress = start.new_step(unregularized(start.spec, rate)), Progress()
    initial, loss, goal = math.nan, math.inf, -math.inf
    try:
        for index in range(MOST_STEPS + 1):
            if stop():
                return None
            loss = run_step(step, batch, progress)
            if not index:
                initial, goal = loss, lowest + REMAINING * max(loss - lowest, 0.0)
            if loss <= goal:
                break
    except DivergenceError:
        loss = math.inf
    return _Trial(rate, initial, loss, goal, min(index, MOST_STEPS))


def _report(
    start: TrainingStart, trials: list[_Trial], rows: int, floor: BatchFloor
) -> OverfitBatchCheck:
    """Return verdict, detail and numbers of the decisive trial."""
    trial = min(trials, key=lambda each: (not each.has_reached, each.final))
    is_lowered = trial.rate < start.spec.optimizer.learning_rate
    verdict: Verdict = "failed"
    if trial.has_reached:
        verdict = "warning" if is_lowered or floor.conflicting_rows > rows / 2 else "passed"
    elif floor.conflicting_rows:
        verdict = "warning"
    return OverfitBatchCheck(
        verdict,
        _detail(trial, floor.conflicting_rows, is_lowered=is_lowered),
        rows=rows,
        conflicting_rows=floor.conflicting_rows,
        lowest_loss=finite_or_none(floor.loss),
        initial_loss=finite_or_none(trial.initial),
        goal=finite_or_none(trial.goal),
        final_loss=finite_or_none(trial.final),
        steps=trial.steps,
        learning_rate=trial.rate,
    )


def _detail(trial: _Trial, conflicting: int, *, is_lowered: bool) -> str:
    if not math.isfinite(trial.initial):
        return f"the initial loss is not finite: {_SCALE}"
    course = (
        f"the loss of one batch went from {trial.initial:.4g} to {trial.final:.4g} in "
        f"{trial.steps} steps with a learning rate of {trial.rate:g}"
    )
    if trial.has_reached:
        too_high = "; with higher rates it did not: lower the learning rate"
        detail = course + (too_high if is_lowered else "")
    elif trial.has_risen:
        detail = f"{course}, and fell with none of the rates: lower the learning rate, {_SCALE}"
    else:
        detail = (
            f"{course}, not to {trial.goal:.4g}, and no better with other rates: the network "
            "cannot fit even these rows; use more units or layers, another activation or "
            "initializer, a normalization layer, and no frozen layers"
        )
    if conflicting:
        detail += (
            f"; {conflicting} rows have the inputs of another row and another target, which no "
            "network can fit: add features that distinguish them"
        )
    return detail
