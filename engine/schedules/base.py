"""Learning rate schedule interface: a warm-up, then the schedule's own formula."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from engine.metrics import Metric


@dataclass(frozen=True)
class ScheduleContext:
    """Properties of a training that schedules depend on.

    Attributes:
        learning_rate: η₀, the optimizer's learning rate.
        steps_per_epoch: number of steps per epoch.
        warmup_steps: number of steps before the schedule begins.
        steps: number of steps from the end of the warm-up to the end of the training.
    """

    learning_rate: float
    steps_per_epoch: int
    warmup_steps: int
    steps: int

    def progress(self, steps: int) -> float:
        """Return the completed fraction e / E, `steps` steps after the warm-up; at most 1."""
        return min(1.0, steps / self.steps)


class Schedule(ABC):
    """Computes the learning rate of each step.

    Attributes:
        state: state between epochs, as JSON values. Setting it in a new schedule of the same spec
            resumes exactly. `scale`, if present, multiplies every rate.
    """

    def __init__(self, context: ScheduleContext) -> None:
        self._context = context
        self.state: dict[str, float] = {}

    def rate(self, step: int) -> float:
        """Return the learning rate of a step; step counts from 0 over the whole training."""
        steps, state = step - self._context.warmup_steps, self.state
        if steps < 0:
            rate = self._context.learning_rate * (step + 1) / self._context.warmup_steps
        else:
            rate = self._rate(steps)
        return rate * state["scale"] if "scale" in state else rate

    @property
    def scale(self) -> float:
        """Factor of every rate; 1 unless the state has another."""
        return self.state.get("scale", 1.0)

    @abstractmethod
    def _rate(self, steps: int) -> float:
        """Return the learning rate `steps` steps after the warm-up."""

    def on_epoch_end(self, values: Mapping[str, Metric]) -> None:  # noqa: B027 - most ignore it
        """Update the state from the losses and metrics of a finished epoch."""


def floor(ratio: float) -> int:
    """Return the integer part, tolerating values that rounding left just below an integer."""
    return int(ratio + 1e-9)
