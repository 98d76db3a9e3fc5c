"""Whether the network can learn one small batch by heart."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.data.split_arrays import Batch
from engine.health_checks.batch_floor import BatchFloor, find_floor
from engine.health_checks.batch_trials import BatchTrial, run_trials
from engine.health_checks.blocked_gradient import describe_blocked_gradient
from engine.health_checks.training_start import TrainingStart
from engine.health_checks.unregularized import unregularized
from engine.health_checks.verdict import OUT_OF_TIME, Verdict
from engine.numerics.norms import finite_or_none
from engine.training.stopping import never

MOST_ROWS = 32
_SCALE = "scale the inputs and the target"


@dataclass(frozen=True)
class OverfitBatchCheck:
    """Result of training on one batch, without dropout, penalties, label smoothing and schedule.

    Attributes:
        verdict: passed if the loss reaches the goal at the spec's learning rate or a higher one;
            warning if it does so only at a lower rate, if there are conflicting rows and it does
            not, or if most rows are; failed if it does so at none of the rates.
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


def check_overfit_batch(
    start: TrainingStart, stop: Callable[[], bool] = never, suggested: Sequence[float] = ()
) -> OverfitBatchCheck:
    """Train on at most 32 rows until the loss has fallen by nine tenths of what is possible.

    All rows have the same weight.

    Args:
        start: spec, data and weights.
        stop: called before each step; True ends the check without a verdict.
        suggested: rates that lower the loss according to the learning-rate range test.
    """
    batch = Batch(*start.sample(MOST_ROWS)[:2])
    floor = find_floor(unregularized(start.spec, 1.0).loss, start.output, batch)
    trials = run_trials(start, batch, floor.loss, suggested, stop)
    if trials is None:
        return OverfitBatchCheck("not_applicable", OUT_OF_TIME)
    return _report(start, batch, trials, floor)


def _report(
    start: TrainingStart, batch: Batch, trials: Sequence[BatchTrial], floor: BatchFloor
) -> OverfitBatchCheck:
    """Return verdict, detail and numbers of the decisive trial."""
    rows = len(batch.x)
    trial = min(trials, key=lambda each: (not each.has_reached, each.final))
    is_lowered = trial.rate < start.spec.optimizer.learning_rate
    verdict: Verdict
    if trial.has_reached:
        verdict = "warning" if is_lowered or floor.conflicting_rows > rows / 2 else "passed"
        detail = _course(trial)
        if is_lowered:
            detail += f"; with {_listed(trials[:-1])} it did not: lower the learning rate"
    else:
        verdict = "warning" if floor.conflicting_rows else "failed"
        detail = _failure(trial, trials, describe_blocked_gradient(start, batch))
    if floor.conflicting_rows:
        detail += (
            f"; {floor.conflicting_rows} rows have the inputs of another row and another target, "
            "which no network can fit: add features that distinguish them"
        )
    return OverfitBatchCheck(
        verdict,
        detail,
        rows=rows,
        conflicting_rows=floor.conflicting_rows,
        lowest_loss=finite_or_none(floor.loss),
        initial_loss=finite_or_none(trial.initial),
        goal=finite_or_none(trial.goal),
        final_loss=finite_or_none(trial.final),
        steps=trial.steps,
        learning_rate=trial.rate,
    )


def _course(trial: BatchTrial) -> str:
    return (
        f"the loss of one batch went from {trial.initial:.4g} to {trial.final:.4g} in "
        f"{trial.steps} steps with a learning rate of {trial.rate:.4g}"
    )


def _listed(trials: Sequence[BatchTrial]) -> str:
    return ", ".join(f"{trial.rate:.4g}" for trial in trials)


def _failure(trial: BatchTrial, trials: Sequence[BatchTrial], blocked: str | None) -> str:
    """Describe why no trial reached the goal, from the best one."""
    if not math.isfinite(trial.initial):
        return f"the initial loss is not finite: {_SCALE}"
    others = _listed([each for each in trials if each is not trial])
    if blocked is not None:
        return f"{_course(trial)}, not to {trial.goal:.4g}: {blocked}"
    if trial.has_risen:
        return (
            f"{_course(trial)}, and fell with none of the rates (also {others}): {_SCALE}, and "
            "lower the learning rate"
        )
    return (
        f"{_course(trial)}, not to {trial.goal:.4g}, and no better with {others}: the network "
        "cannot fit even these rows; use more units or layers, another activation or initializer, "
        "a normalization layer, and no frozen layers"
    )
