"""Trainings on one batch with several learning rates."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.health_checks.training_start import TrainingStart, run_step
from engine.health_checks.unregularized import unregularized
from engine.specs import ResolvedSpec
from engine.training.progress import Progress

# Measured on 60 small trainings: those that can learn a batch do so within 250 steps at 10 or 100
# times the default learning rate of their optimizer.
MOST_STEPS = 300
# Multiples of the spec's learning rate that are tried: where it has not lowered the loss, and where
# it has.
LOWER_RATES, HIGHER_RATES, LAST_RATES = (0.1, 0.01, 1e-3, 1e-4), (10.0, 100.0), (0.1,)
# Share of the distance from the initial loss to the lowest one that may remain.
REMAINING = 0.1
# Rates that differ by less than this factor are tried once.
_DISTINCT = 2.0


@dataclass(frozen=True)
class BatchTrial:
    """A training on the batch with one learning rate.

    Attributes:
        rate: the learning rate.
        initial: loss before the first step.
        final: loss after the last step; infinite if the training diverged.
        goal: loss at which the training ends.
        steps: number of steps.
    """

    rate: float
    initial: float
    final: float
    goal: float
    steps: int

    @property
    def has_reached(self) -> bool:
        """Whether the loss reached the goal."""
        return self.final <= self.goal

    @property
    def has_risen(self) -> bool:
        """Whether the loss did not fall."""
        return not self.final < self.initial


def run_trials(
    start: TrainingStart,
    batch: Batch,
    lowest: float,
    suggested: Sequence[float],
    stop: Callable[[], bool],
) -> list[BatchTrial] | None:
    """Train with the spec's rate, then with others until one reaches the goal; None if stopped.

    Args:
        start: spec, data and weights.
        batch: the rows.
        lowest: loss below which no network can come.
        suggested: rates that lower the loss according to the learning-rate range test.
        stop: called before each step; True ends the trials.
    """
    trials: list[BatchTrial] = []
    rates = [start.spec.optimizer.learning_rate]
    while rates and not (trials and trials[-1].has_reached):
        trial = _train(start, batch, rates.pop(0), lowest, stop)
        if trial is None:
            return None
        if not trials:
            rates = _other_rates(start.spec, suggested, has_risen=trial.has_risen)
        trials.append(trial)
    return trials


def _other_rates(spec: ResolvedSpec, suggested: Sequence[float], *, has_risen: bool) -> list[float]:
    """Return the rates to try after the spec's own.

    Lower ones, highest first, if the loss has not fallen; else higher ones before the others. The
    suggested rates and the optimizer's default are among them.
    """
    rate = spec.optimizer.learning_rate
    sensible = (*suggested, type(spec.optimizer)().learning_rate)
    if has_risen:
        lower = (*_multiples(rate, LOWER_RATES), *sensible)
        return _distinct(rate, sorted((other for other in lower if other < rate), reverse=True))
    return _distinct(
        rate, (*_multiples(rate, HIGHER_RATES), *sensible, *_multiples(rate, LAST_RATES))
    )


def _multiples(rate: float, factors: Iterable[float]) -> list[float]:
    return [float(f"{rate * factor:.6g}") for factor in factors]


def _distinct(rate: float, candidates: Iterable[float]) -> list[float]:
    """Return the candidates that differ from `rate` and from each other."""
    kept = [rate]
    for candidate in candidates:
        if all(not 1 / _DISTINCT < candidate / other < _DISTINCT for other in kept):
            kept.append(candidate)
    return kept[1:]


def _train(
    start: TrainingStart, batch: Batch, rate: float, lowest: float, stop: Callable[[], bool]
) -> BatchTrial | None:
    """Train with a constant learning rate; None if `stop` ended it."""
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
    return BatchTrial(rate, initial, loss, goal, min(index, MOST_STEPS))
