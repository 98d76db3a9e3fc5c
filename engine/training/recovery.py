"""Return to the end of the last good epoch after a divergence."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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
        epoch: zero-based epoch that diverged; training continues with its first step.
        step: zero-based step within the epoch that diverged.
        layer: name of the first layer with a non-finite value.
        steps: completed steps of the restored network; the others are not part of its training.
        old_rate: the optimizer's learning rate before, with the factors of earlier restores.
        new_rate: the same, from now on.
        number: number of restores of this network so far, this one included.
        tries: maximum number of restores.
        fold: index of the fold whose network it is, over all repeats; None without.
    """

    epoch: int
    step: int
    layer: str
    steps: int
    old_rate: float
    new_rate: float
    number: int
    tries: int
    fold: int | None = None


class DivergenceRecovery:
    """Keeps the weights and the optimizer state of the last epoch's end, and returns to them.

    Attributes:
        good: the copies by name, part of the training's state; empty without a rule.

    Args:
        spec: the training's spec; without `on_divergence` nothing is kept.
        arrays: weights and optimizer state by name, at the start.
    """

    def __init__(self, spec: ResolvedSpec, arrays: Mapping[str, Floats]) -> None:
        self._rule = spec.on_divergence
        self._learning_rate = spec.optimizer.learning_rate
        self._arrays = {} if self._rule is None else dict(arrays)
        copies = copy_arrays(self._arrays)
        self.good = {f"{_PREFIX}{name}": array for name, array in copies.items()}

    def keep(self) -> None:
        """Keep the current values: an epoch has ended with finite ones."""
        for name, array in self._arrays.items():
            np.copyto(self.good[f"{_PREFIX}{name}"], array)

    def restore(
        self, error: DivergenceError, progress: Progress, schedule: Schedule, steps_per_epoch: int
    ) -> Restore | None:
        """Go back to the kept values and to the first step of the epoch that diverged.

        Args:
            error: the divergence.
            progress: position in the training; set back.
            schedule: learning-rate schedule; its rates are multiplied by the rule's factor.
            steps_per_epoch: number of steps per epoch.

        Returns:
            The restore; None, with nothing changed, without a rule or after its last try.
        """
        rule = self._rule
        if rule is None or progress.restores >= rule.tries:
            return None
        for name, array in self._arrays.items():
            np.copyto(array, self.good[f"{_PREFIX}{name}"])
        progress.step, progress.steps_done = 0, progress.epoch * steps_per_epoch
        progress.restores += 1
        old_rate = self._learning_rate * schedule.scale
        schedule.scale_by(rule.scale_rate)
        return Restore(
            epoch=error.epoch,
            step=error.step,
            layer=error.layer,
            steps=progress.steps_done,
            old_rate=old_rate,
            new_rate=self._learning_rate * schedule.scale,
            number=progress.restores,
            tries=rule.tries,
        )


def restored_after_divergence(restore: Restore) -> Finding:
    """Return the finding that a network diverged and was restored."""
    back = f"the end of epoch {restore.epoch - 1}" if restore.epoch else "the initial weights"
    detail = (
        f"epoch {restore.epoch} diverged in step {restore.step} ({restore.layer} had non-finite "
        f"values): the weights and the optimizer state are those of {back} again, and the learning "
        f"rate is {restore.new_rate:.6g} instead of {restore.old_rate:.6g}, as on_divergence asks "
        f"({restore.number} of {restore.tries} tries); each further restore is an event"
    )
    return Finding(
        "warning", "/on_divergence", "restored_after_divergence", detail, epoch=restore.epoch
    )
