"""One update of the parameters, and what it changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.explain.counterfactual.changed_step import ChangedStep
from engine.explain.counterfactual.results import UpdateSummary
from engine.explain.hooks import hook
from engine.numerics.norms import euclidean_norm, finite_or_none
from engine.training.progress import Progress
from engine.training.step_inputs import PARAMETERS, build_train_step
from engine.training.train_step import TrainStep


@dataclass(frozen=True)
class Update:
    """The result of one step.

    Attributes:
        summary: its numbers.
        parameters: all parameters after it.
        change: w after − w before of the trained parameters, float64.
    """

    summary: UpdateSummary
    parameters: Floats
    change: NDArray[np.float64]


def take_step(changed: ChangedStep) -> Update:
    """Run a step on copies."""
    inputs = changed.inputs
    step = build_train_step(inputs)
    recorder = _Recorder(step)
    if changed.learning_rate is not None:
        _fix_rate(step, changed.learning_rate)
    if changed.optimizer_state == "new":
        _restart(step)
    diverged_in = None
    progress = Progress(epoch=inputs.epoch, step=inputs.step_in_epoch, steps_done=inputs.step)
    with np.errstate(all="ignore"):
        try:
            step.run(inputs.batch, progress, recorder, is_last=False)
        except DivergenceError as error:
            diverged_in = error.layer
        after = step.network.parameters.copy()
        count = len(step.network.trained)
        change = after[:count].astype(np.float64) - inputs.arrays[PARAMETERS][:count]
    is_diverged = diverged_in is not None
    summary = UpdateSummary(
        learning_rate=step.learning_rate,
        rows=len(inputs.batch.x),
        loss=recorder.loss,
        gradient_norm=recorder.gradient_norm,
        clipped_norm=recorder.clipped_norm,
        update_norm=None if is_diverged else finite_or_none(euclidean_norm(change)),
        diverged_in=diverged_in,
    )
    return Update(summary, after, change)


def _fix_rate(step: TrainStep, rate: float) -> None:
    setattr(step.schedule, "rate", lambda _: rate)  # noqa: B010 - a method of one object


def _restart(step: TrainStep) -> None:
    """Let a new optimizer count its steps from 1."""
    update = step.optimizer.update
    setattr(step.optimizer, "update", lambda rate, _: update(rate, 1))  # noqa: B010 - likewise


class _Recorder:
    """Records the loss and the norms of the gradient of one step."""

    def __init__(self, step: TrainStep) -> None:
        self.loss: float | None = None
        self.gradient_norm: float | None = None
        self.clipped_norm: float | None = None
        self._gradients = step.network.gradients
        hook(step, "clip", before=self._before_clip, after=self._after_clip)

    def update(self, loss: float, _outputs: Floats, _batch: Batch) -> None:
        """Record the loss."""
        self.loss = finite_or_none(loss)

    def _before_clip(self, _gradients: Floats) -> None:
        self.gradient_norm = finite_or_none(euclidean_norm(self._gradients))

    def _after_clip(self, _: None) -> None:
        self.clipped_norm = finite_or_none(euclidean_norm(self._gradients))


def cosine(one: Update, other: Update) -> float | None:
    """Return the cosine of the angle between two updates; None if it is undefined."""
    lengths = (one.summary.update_norm, other.summary.update_norm)
    if not lengths[0] or not lengths[1]:
        return None
    found = float(np.dot(one.change / lengths[0], other.change / lengths[1]))
    return max(-1.0, min(1.0, found))
