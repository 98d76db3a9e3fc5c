"""What every schedule does: a warm-up, and then a formula of its own."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from engine.metrics import Metric


@dataclass(frozen=True)
class ScheduleContext:
    """A training as a schedule sees it.

    Attributes:
        learning_rate: η₀, the optimizer's.
        steps_per_epoch: of every epoch.
        warmup_steps: before the schedule begins.
        steps: after them, to the end of the training.
    """

    learning_rate: float
    steps_per_epoch: int
    warmup_steps: int
    steps: int

    def part(self, steps: int) -> float:
        """How much is over, e / E, after so many steps since the warm-up, 1 at the end."""
        return min(1.0, steps / self.steps)


class Schedule(ABC):
    """Tells the learning rate of each step.

    Attributes:
        state: what it remembers from epoch to epoch, JSON values. Read it, and set it in a new
            schedule of the same spec, to go on exactly.
    """

    def __init__(self, course: ScheduleContext) -> None:
        self._course = course
        self.state: dict[str, float] = {}

    def rate(self, step: int) -> float:
        """The learning rate of a step; step counts from 0 over the whole training."""
        steps = step - self._course.warmup_steps
        if steps < 0:
            return self._course.learning_rate * (step + 1) / self._course.warmup_steps
        return self._rate(steps)

    @abstractmethod
    def _rate(self, steps: int) -> float:
        """The learning rate after so many steps since the warm-up."""

    def note_epoch(self, values: Mapping[str, Metric]) -> None:  # noqa: B027 - most do not look
        """An epoch has ended with those losses and metrics."""


def floor(ratio: float) -> int:
    """The whole part; what rounding made less than a whole number by a trifle counts as whole."""
    return int(ratio + 1e-9)
