"""The loss of a network while the learning rate grows from step to step."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from engine.data.batches import Batches, joins_last_row
from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.health_checks.training_start import TrainingStart, run_step
from engine.schedules.base import Schedule, ScheduleContext
from engine.training.progress import Progress
from engine.training.train_step import TrainStep

STEPS = 100
RATES: NDArray[np.float64] = np.geomspace(1e-7, 10.0, STEPS)
# Rows on which the loss is measured after each step: always the same, so that only rates differ.
_SAMPLE_ROWS = 128
# Half the width of the moving average, in steps.
_HALF_WINDOW = 2


def measure_losses(start: TrainingStart, stop: Callable[[], bool]) -> NDArray[np.float64] | None:
    """Return the smoothed loss after a step with each of RATES; None if `stop` ended it.

    Moving average over five steps; infinite where one of them is not finite.
    """
    losses = _measure(start, stop)
    return None if losses is None else _smoothed(losses)


class _GrowingRate(Schedule):
    """The next of RATES in each step."""

    def _rate(self, steps: int) -> float:
        return float(RATES[steps])


def _measure(start: TrainingStart, stop: Callable[[], bool]) -> NDArray[np.float64] | None:
    """Return the loss after each step, infinite from a divergence on; None if stopped."""
    step, progress = start.new_step(), Progress()
    step.schedule = _GrowingRate(ScheduleContext(0.0, STEPS, 0, STEPS))
    sample, batches = start.sample(_SAMPLE_ROWS), _batches(start)
    losses = np.full(STEPS, np.inf)
    for index in range(STEPS):
        if stop():
            return None
        try:
            run_step(step, next(batches), progress)
        except DivergenceError:
            break
        losses[index] = _loss(step, sample)
    return losses


def _batches(start: TrainingStart) -> Iterator[Batch]:
    spec = start.spec
    batches = Batches(
        start.data.training,
        batch_size=spec.batch_size,
        shuffle=spec.shuffle,
        seed=spec.seed,
        joins_last_row=joins_last_row(spec),
    )
    for epoch in range(STEPS):
        batches.begin(epoch)
        for step in range(batches.steps):
            yield batches.batch(step)


def _loss(step: TrainStep, sample: Batch) -> float:
    """Return the loss in training mode; running statistics stay as they were."""
    network = step.network
    states = network.parameters[len(network.trained) :]
    before = states.copy()
    network.begin_step(0)
    with np.errstate(all="ignore"):
        loss = step.loss.forward(network.forward(sample.x), sample.y, sample.weights)
    np.copyto(states, before)
    return loss


def _smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each loss and its neighbours; infinite where one of them is not finite."""
    with np.errstate(all="ignore"):
        windows = (
            losses[max(0, i - _HALF_WINDOW) : i + _HALF_WINDOW + 1] for i in range(len(losses))
        )
        means = np.array([window.mean() for window in windows])
    means[~np.isfinite(means)] = np.inf
    return means
