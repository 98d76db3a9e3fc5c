"""Return to an earlier epoch's end, with a lower learning rate, after a divergence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from engine.arrays import Floats
from engine.errors import DivergenceError
from engine.findings import Finding
from engine.schedules.base import Schedule
from engine.specs import ResolvedSpec
from engine.training.progress import Progress
from engine.training.state_arrays import copy_arrays

_PREFIX = "good."


@dataclass(frozen=True)
class Restore:
    """A return to an earlier state after a divergence.

    Attributes:
        epoch: zero-based epoch that diverged.
        step: zero-based step within the epoch that diverged.
        layer: name of the first layer with a non-finite value.
        epochs: completed epochs of the restored state; later ones are trained again.
        steps: completed steps of the restored state; later ones are not part of the training.
        old_rate: the optimizer's learning rate before, with the factors of earlier restores.
        new_rate: the same, from now on.
        number: number of restores of this network so far, this one included.
        tries: maximum number of restores.
        fold: index of the fold whose network it is, over all repeats; None without.
    """

    epoch: int
    step: int
    layer: str
    epochs: int
    steps: int
    old_rate: float
    new_rate: float
    number: int
    tries: int
    fold: int | None = None


class DivergenceRecovery:
    """Keeps the state of the last good epoch's end, or of the start, and returns to it.

    An epoch is good if its loss does not exceed that of the initial weights by more than its size:
    where a loss grows until it overflows, the state shortly before cannot be trained on.

    Attributes:
        good: copies of the arrays by name, part of the training's state; empty without a rule.
        numbers: the progress that belongs to them, as JSON values; None without a rule.

    Args:
        spec: the training's spec; without `on_divergence` nothing is kept.
        arrays: everything that steps and epoch ends change, by name, at the start.
        progress: position at the start.
        schedule: learning-rate schedule.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        arrays: Mapping[str, Floats],
        progress: Progress,
        schedule: Schedule,
    ) -> None:
        self._rule, self._schedule = spec.on_divergence, schedule
        self._learning_rate = spec.optimizer.learning_rate
        self._arrays = {} if self._rule is None else dict(arrays)
        copies = copy_arrays(self._arrays)
        self.good = {f"{_PREFIX}{name}": array for name, array in copies.items()}
        self.numbers: dict[str, Any] | None = None
        if self._rule is not None:
            self._keep_numbers(progress)

    def on_epoch_end(self, progress: Progress, loss: float) -> None:
        """Keep the current state if the epoch with this loss was good."""
        start = progress.loss_at_start
        if self._rule is None or (start is not None and loss - start > abs(start)):
            return
        for name, array in self._arrays.items():
            np.copyto(self.good[f"{_PREFIX}{name}"], array)
        self._keep_numbers(progress)

    def _keep_numbers(self, progress: Progress) -> None:
        self.numbers = asdict(replace(progress, schedule=self._schedule.state, sums={}))

    def restore(
        self, error: DivergenceError, progress: Progress
    ) -> tuple[Progress, Restore] | None:
        """Return to the kept state, and lower the rates of the schedule.

        Returns:
            The progress of the kept state, and what was done; None, with nothing changed, without
            a rule or after its last try.
        """
        rule = self._rule
        if rule is None or progress.restores >= rule.tries:
            return None
        for name, array in self._arrays.items():
            np.copyto(array, self.good[f"{_PREFIX}{name}"])
        kept = TypeAdapter(Progress).validate_python(self.numbers)
        kept.restores = progress.restores + 1
        scale = self._schedule.scale
        self._schedule.state = {**kept.schedule, "scale": scale * rule.scale_rate}
        return kept, Restore(
            epoch=error.epoch,
            step=error.step,
            layer=error.layer,
            epochs=kept.epoch,
            steps=kept.steps_done,
            old_rate=self._learning_rate * scale,
            new_rate=self._learning_rate * self._schedule.scale,
            number=kept.restores,
            tries=rule.tries,
        )


def restored_after_divergence(restore: Restore) -> Finding:
    """Return the finding that a network diverged and was restored."""
    back = f"the end of epoch {restore.epochs - 1}" if restore.epochs else "the start"
    detail = (
        f"epoch {restore.epoch} diverged in step {restore.step} ({restore.layer} had non-finite "
        f"values): training went on from {back}, with a learning rate of {restore.new_rate:.6g} "
        f"instead of {restore.old_rate:.6g}, as on_divergence asks ({restore.number} of "
        f"{restore.tries} tries; each further one is an event); for a training that does not "
        "diverge, lower the learning rate, scale the inputs and the target, or clip the gradients "
        "(gradient_clip)"
    )
    pointer = "/on_divergence"
    return Finding("warning", pointer, "restored_after_divergence", detail, epoch=restore.epoch)
